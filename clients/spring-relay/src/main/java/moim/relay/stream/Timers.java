package moim.relay.stream;

import java.time.Duration;

/** Time, as streams know it. */
interface Timers {
    /** A moment, in nanoseconds since another. */
    long now();

    /** Runs something short after a while, unless it is cancelled. */
    Timer after(Duration delay, Runnable task);

    /** Something that will be run. */
    interface Timer {
        void cancel();
    }
}
