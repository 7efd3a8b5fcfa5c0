package moim.relay.stream;

import jakarta.annotation.PreDestroy;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.springframework.stereotype.Component;

/** Time as it passes. One thread for all timers: nothing that could wait is done in it. */
@Component
class ScheduledTimers implements Timers {
    private final ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "relay-timers");
        thread.setDaemon(true);
        return thread;
    });

    ScheduledTimers() {
        scheduler.setRemoveOnCancelPolicy(true); // else what was cancelled stays until its time comes
    }

    @Override
    public long now() {
        return System.nanoTime();
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
        ScheduledFuture<?> scheduled = scheduler.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    /** How many are set. */
    int pending() {
        return scheduler.getQueue().size();
    }

    @PreDestroy
    void end() {
        scheduler.shutdownNow();
    }
}
