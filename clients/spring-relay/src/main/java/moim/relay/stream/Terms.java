package moim.relay.stream;

import java.time.Duration;

/**
 * How long one stream waits for what.
 *
 * @param silence for any byte of the server
 * @param idle for an event
 * @param pulse the silence after which its reader gets a comment; null if nothing of our own may be written to it
 * @param lasting its whole time; null if it has no end of its own
 */
record Terms(Duration silence, Duration idle, Duration pulse, Duration lasting) {}
