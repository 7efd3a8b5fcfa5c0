package moim.relay.stream;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Time that passes when a test says so. */
final class ManualTimers implements Timers {
    private final Set<Due> pending = new HashSet<>();
    private long now;

    private record Due(long at, Runnable task, Object identity) {}

    @Override
    public long now() {
        return now;
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
        Due set = new Due(now + delay.toNanos(), task, new Object());
        pending.add(set);
        return () -> pending.remove(set);
    }

    int pending() {
        return pending.size();
    }

    /** Lets time pass, and what is due be done when it is due. */
    void pass(Duration time) {
        long until = now + time.toNanos();
        for (Optional<Due> next = next(until); next.isPresent(); next = next(until)) {
            pending.remove(next.get());
            now = next.get().at();
            next.get().task().run();
        }
        now = until;
    }

    private Optional<Due> next(long until) {
        return pending.stream().filter(set -> set.at() <= until).min(Comparator.comparingLong(Due::at));
    }
}
