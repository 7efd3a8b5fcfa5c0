package moim.relay.stream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.coyote.CloseNowException;

/**
 * One stream on its way from the server to a reader. Whichever of the two ends first, the other is let go of.
 *
 * <p>The next piece is asked of the server when the last one has been taken by the reader, so that nothing piles up
 * here. Everything ends in {@link #end}, once.
 */
final class RelayedStream implements Flow.Subscriber<List<ByteBuffer>> {
    private static final byte[] PING = ": ping\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final Flow.Subscription OVER = new Over();

    private final RawEmitter reader;
    private final Cutting cutting;
    private final Executor workers;
    private final Consumer<RelayedStream> whenEnded;
    private final Vigil vigil;
    private final Vigil.Limit silence;
    private final Vigil.Limit idle;
    private final Vigil.Limit pulse;
    private final AtomicReference<Ending> ended = new AtomicReference<>();
    private final AtomicReference<Flow.Subscription> upstream = new AtomicReference<>();
    private volatile String lastEvent = "";

    RelayedStream(
            RawEmitter reader,
            Cutting cutting,
            Terms terms,
            Timers timers,
            Executor workers,
            Consumer<RelayedStream> whenEnded) {
        this.reader = reader;
        this.cutting = cutting;
        this.workers = workers;
        this.whenEnded = whenEnded;
        this.vigil = new Vigil(timers, workers);
        this.silence = vigil.limit(terms.silence(), () -> end(Ending.SILENT));
        this.idle = vigil.limit(terms.idle(), () -> end(Ending.IDLE));
        this.pulse = terms.pulse() == null ? null : vigil.limit(terms.pulse(), this::ping);
        if (terms.lasting() != null) {
            vigil.limit(terms.lasting(), () -> end(Ending.EXPIRED));
        }
    }

    /** How it has ended; null if it goes on. */
    Ending ended() {
        return ended.get();
    }

    /** The name of the last event that has passed. */
    String lastEvent() {
        return lastEvent;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        if (!upstream.compareAndSet(null, subscription)) {
            subscription.cancel(); // the reader left before
            return;
        }
        reader.onError(fault -> end(Ending.LEFT));
        reader.onCompletion(() -> end(Ending.LEFT));
        write(new byte[0]);
        subscription.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> pieces) {
        silence.pause(); // from here on it is the reader who is waited for
        try {
            write(whole(pieces));
        } catch (FrameTooLong tooLong) {
            end(Ending.TOO_LONG);
        }
        silence.restart();
        upstream.get().request(1);
    }

    @Override
    public void onError(Throwable fault) {
        end(Ending.CUT);
    }

    @Override
    public void onComplete() {
        write(cutting.rest());
        end(Ending.DONE);
    }

    /** Ends it, if nothing else has: lets go of the server, then of the reader. */
    void end(Ending how) {
        if (!ended.compareAndSet(null, how)) {
            return;
        }
        vigil.close();
        Flow.Subscription subscribed = upstream.getAndSet(OVER);
        if (subscribed != null) {
            subscribed.cancel();
        }
        workers.execute(() -> close(how)); // which waits for what is just being written
        whenEnded.accept(this);
    }

    private byte[] whole(List<ByteBuffer> pieces) throws FrameTooLong {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        for (ByteBuffer piece : pieces) {
            for (Frame frame : cutting.feed(piece)) {
                whole.writeBytes(frame.bytes());
                if (frame.tells()) {
                    lastEvent = frame.event();
                    idle.restart();
                }
            }
        }
        return whole.toByteArray();
    }

    private void write(byte[] bytes) {
        try {
            reader.write(bytes);
            if (pulse != null) {
                pulse.restart();
            }
        } catch (IOException | IllegalStateException gone) {
            end(Ending.LEFT);
        }
    }

    private void ping() {
        try {
            reader.writeIfFree(PING);
        } catch (IOException | IllegalStateException gone) {
            end(Ending.LEFT);
        }
    }

    private void close(Ending how) {
        if (how.whole()) {
            reader.complete();
        } else {
            reader.completeWithError(new CloseNowException(how.name())); // the one that Tomcat does not log as a fault
        }
    }

    /** What has been cancelled. */
    private static final class Over implements Flow.Subscription {
        @Override
        public void request(long pieces) {}

        @Override
        public void cancel() {}
    }
}
