package moim.relay.stream;

import java.util.ArrayList;
import java.util.List;

/** What a browser makes of an event stream, by the letter of the HTML standard (9.2.6), for tests. */
final class EventStream {
    private EventStream() {}

    record Event(String name, String data) {}

    /** The events that are dispatched. */
    static List<Event> events(String stream) {
        List<Event> events = new ArrayList<>();
        String name = "";
        StringBuilder data = null;
        for (String line : lines(stream.startsWith("\uFEFF") ? stream.substring(1) : stream)) {
            if (line.isEmpty()) {
                if (data != null) {
                    events.add(new Event(name.isEmpty() ? "message" : name, data.toString()));
                }
                name = "";
                data = null;
                continue;
            }
            int colon = line.indexOf(':');
            String field = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1);
            value = value.startsWith(" ") ? value.substring(1) : value;
            if (field.equals("event")) {
                name = value;
            } else if (field.equals("data")) {
                data = data == null ? new StringBuilder(value) : data.append('\n').append(value);
            }
        }
        return events;
    }

    /** Only lines that have ended. */
    private static List<String> lines(String stream) {
        String[] lines = stream.split("\r\n|\r|\n", -1);
        return List.of(lines).subList(0, lines.length - 1);
    }
}
