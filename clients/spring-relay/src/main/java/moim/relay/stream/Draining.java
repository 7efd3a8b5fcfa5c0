package moim.relay.stream;

import org.springframework.boot.web.context.WebServerGracefulShutdownLifecycle;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * The end of all streams with that of the process.
 *
 * <p>Told to end, Tomcat takes no more requests and waits for those that it has. After {@code relay.stream.drain} the
 * streams that still go on are cut, so that it need not wait any longer; their readers read on elsewhere.
 */
@Component
class Draining implements SmartLifecycle {
    private final Streams streams;
    private final Timers timers;
    private final StreamProperties properties;
    private volatile boolean running;

    Draining(Streams streams, Timers timers, StreamProperties properties) {
        this.streams = streams;
        this.timers = timers;
        this.properties = properties;
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        timers.after(properties.drain(), streams::cut);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Together with Tomcat's waiting, for which the context waits. */
    @Override
    public int getPhase() {
        return WebServerGracefulShutdownLifecycle.SMART_LIFECYCLE_PHASE;
    }
}
