package moim.relay.capacity;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import moim.relay.refusal.Reason;
import moim.relay.refusal.Refusal;

/** So much at once: for all together, and for each user. */
public class Places {
    private final int all;
    private final int each;
    private final Map<String, Integer> taken = new HashMap<>();
    private int total;

    public Places(int all, int each) {
        this.all = all;
        this.each = each;
    }

    /** A place for a user, until it is closed. {@link Refusal} if there is none. */
    public synchronized Place take(String user) {
        if (taken.getOrDefault(user, 0) >= each) {
            throw new Refusal(Reason.RATE_LIMITED); // told first: it is what the user can do something about
        }
        if (total >= all) {
            throw new Refusal(Reason.TOO_BUSY);
        }
        taken.merge(user, 1, Integer::sum);
        total++;
        AtomicBoolean free = new AtomicBoolean();
        return () -> {
            if (free.compareAndSet(false, true)) {
                leave(user);
            }
        };
    }

    /** How many are taken. */
    public synchronized int taken() {
        return total;
    }

    private synchronized void leave(String user) {
        taken.computeIfPresent(user, (name, places) -> places > 1 ? places - 1 : null);
        total--;
    }
}
