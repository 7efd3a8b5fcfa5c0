"""An event as a frame of Server-Sent Events (WHATWG HTML, section 9.2), and frames as events again.

Always LF line ends, an `id`, and one line of JSON in `data`, never bare text: relays trim leading blanks. The blank
that may stand behind a colon is left out behind `id`, which only whole parsers read. Behind `event` and `data` it
stands, since people look for those by hand.
"""

from collections.abc import Iterable, Iterator

from schemas.events import Event, from_json, to_json


def to_frame(event: Event) -> str:
    """The event as one frame."""
    return frame_of(event.seq, event.type, to_json(event))


def frame_of(number: int | str, name: str, data: str) -> str:
    """A frame of an event's number, which a mark may follow, its name and its JSON."""
    return f"id:{number}\nevent: {name}\ndata: {data}\n\n"


def from_frames(lines: Iterable[str]) -> Iterator[Event]:
    """The events in the lines of a stream, each as soon as its frame has closed.

    Comments, pings, `retry` and fields that nobody knows are passed over. `pydantic.ValidationError` for data that is
    no event. A last frame that was cut before its blank line counts for nothing, as for a browser.
    """
    name, data = "", []
    for line in lines:
        field, colon, value = line.rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                name = value
            case "data":
                data.append(value)
            case "" if not colon:
                text = "\n".join(data)  # ours is one line, but a relay may break it where JSON allows blanks
                if text and name != "ping":
                    yield from_json(text)
                name, data = "", []
