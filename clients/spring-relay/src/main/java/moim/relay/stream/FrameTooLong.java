package moim.relay.stream;

/** A frame does not end within the limit. The stream cannot be read any further. */
final class FrameTooLong extends Exception {
    FrameTooLong(int limit) {
        super("a frame of more than " + limit + " bytes");
    }
}
