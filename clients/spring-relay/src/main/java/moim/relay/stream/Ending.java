package moim.relay.stream;

/** How a stream has ended. Unless it is {@code whole} its response is cut off, so that nobody takes it for all. */
enum Ending {
    /** The server has ended it, with a terminal event or without. */
    DONE(true),
    /** The user's token has run out: the reader comes again with a fresh one. The server does the same. */
    EXPIRED(true),
    /** The connection to the server broke. */
    CUT(false),
    /** The server sent nothing for too long, not even pings. */
    SILENT(false),
    /** The server sent no event for too long. */
    IDLE(false),
    /** The server sent a frame without an end. */
    TOO_LONG(false),
    /** The reader is gone. */
    LEFT(false),
    /** This process ends. */
    SHUTDOWN(false);

    private final boolean whole;

    Ending(boolean whole) {
        this.whole = whole;
    }

    boolean whole() {
        return whole;
    }
}
