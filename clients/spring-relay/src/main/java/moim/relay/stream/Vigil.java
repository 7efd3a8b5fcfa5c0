package moim.relay.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Watches the limits of one stream, with one timer for all of them.
 *
 * <p>A limit that begins anew does not touch the timer: that one looks, finds nothing due, and is set for the next
 * moment at which something could be. So a token costs a note of the time and no more.
 */
final class Vigil implements AutoCloseable {
    private final Timers timers;
    private final Executor workers;
    private final List<Limit> limits = new ArrayList<>();
    private Timers.Timer timer;
    private boolean closed;

    /** {@code workers} do what is due, which may have to wait for somebody; timers must not. */
    Vigil(Timers timers, Executor workers) {
        this.timers = timers;
        this.workers = workers;
    }

    /** Another limit, which counts from now. What is due is done again each time that it has passed again. */
    synchronized Limit limit(Duration after, Runnable then) {
        Limit limit = new Limit(after.toNanos(), then);
        limits.add(limit);
        arm();
        return limit;
    }

    @Override
    public synchronized void close() {
        closed = true;
        disarm();
    }

    private void look() {
        List<Runnable> due = new ArrayList<>();
        synchronized (this) {
            for (Limit limit : limits) {
                if (!closed && limit.left() <= 0) {
                    limit.restart();
                    due.add(limit.then);
                }
            }
            arm();
        }
        due.forEach(workers::execute);
    }

    private void arm() {
        disarm();
        if (!closed) {
            long soonest = limits.stream().mapToLong(Limit::left).min().orElseThrow();
            timer = timers.after(Duration.ofNanos(Math.max(0, soonest)), this::look);
        }
    }

    private void disarm() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** A time that may pass, and what is done then. */
    final class Limit {
        private final long after;
        private final Runnable then;
        private volatile long since;
        private volatile boolean paused;

        private Limit(long after, Runnable then) {
            this.after = after;
            this.then = then;
            this.since = timers.now();
        }

        /** It counts from now. */
        void restart() {
            since = timers.now();
            paused = false;
        }

        /** It does not count until it is restarted. */
        void pause() {
            paused = true;
        }

        private long left() {
            return paused ? after : after - (timers.now() - since);
        }
    }
}
