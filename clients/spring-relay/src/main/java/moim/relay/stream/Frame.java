package moim.relay.stream;

import java.nio.charset.StandardCharsets;

/**
 * One frame of an event stream, byte for byte, with the blank line that ends it.
 *
 * @param event what it tells: the event's name; {@code ping} or empty if nothing
 */
record Frame(byte[] bytes, String event) {
    private static final byte[] EVENT = "event:".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);
    private static final String UNNAMED = "message";

    static Frame of(byte[] bytes) {
        return new Frame(bytes, named(bytes));
    }

    /** Whether it tells something of the run: a comment does not, nor does a ping. */
    boolean tells() {
        return !event.isEmpty() && !event.equals("ping");
    }

    private static String named(byte[] bytes) {
        String name = UNNAMED;
        boolean data = false;
        for (int from = 0; from < bytes.length; ) {
            int to = endOfLine(bytes, from);
            if (begins(bytes, from, EVENT)) {
                name = new String(bytes, from + EVENT.length, to - from - EVENT.length, StandardCharsets.UTF_8).strip();
            }
            data |= begins(bytes, from, DATA);
            from = to + 1;
        }
        return data ? name : "";
    }

    private static int endOfLine(byte[] bytes, int from) {
        int at = from;
        while (at < bytes.length && bytes[at] != '\n' && bytes[at] != '\r') {
            at++;
        }
        return at;
    }

    private static boolean begins(byte[] bytes, int from, byte[] field) {
        if (from + field.length > bytes.length) {
            return false;
        }
        for (int at = 0; at < field.length; at++) {
            if (bytes[from + at] != field[at]) {
                return false;
            }
        }
        return true;
    }
}
