package moim.relay.upstream;

import jakarta.annotation.PreDestroy;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.stereotype.Component;

/**
 * The threads in which pieces arrive from the server and are written to readers.
 *
 * <p>A stream takes one only while there is something to write. They have no limit of their own: a reader that takes
 * nothing holds one until Tomcat gives it up, and {@code relay.capacity} bounds how many readers there are.
 */
@Component
public class Workers {
    private final ExecutorService threads;

    Workers() {
        AtomicInteger number = new AtomicInteger();
        this.threads = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "relay-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    public ExecutorService threads() {
        return threads;
    }

    @PreDestroy
    void end() {
        threads.shutdown();
    }
}
