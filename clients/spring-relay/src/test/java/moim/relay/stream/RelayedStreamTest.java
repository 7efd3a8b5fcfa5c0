package moim.relay.stream;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** With time that passes when it is told to, and a server and a reader that are only played. */
class RelayedStreamTest {
    private static final Terms TERMS = new Terms(ofSeconds(45), ofMinutes(5), ofSeconds(5), ofMinutes(30));

    private final ManualTimers timers = new ManualTimers();
    private final Server server = new Server();
    private final List<Ending> endings = new ArrayList<>();
    private final RelayedStream stream = stream(TERMS);

    private RelayedStream stream(Terms terms) {
        RelayedStream made = new RelayedStream(
                new RawEmitter(), new Frames(50), terms, timers, Runnable::run, ended -> endings.add(ended.ended()));
        made.onSubscribe(server);
        return made;
    }

    @AfterEach
    void nothingIsLeftBehindAndItHasEndedOnce() {
        assertThat(timers.pending()).isZero();
        assertThat(endings).hasSize(1);
        stream.end(Ending.LEFT);
        says("data: late\n\n");
        timers.pass(ofMinutes(60));
        assertThat(endings).hasSize(1);
    }

    @Test
    void theServersEndIsItsEnd() {
        stream.onComplete();
        assertThat(endings).containsExactly(Ending.DONE);
    }

    @Test
    void aServerThatIsCutCutsIt() {
        stream.onError(new IOException("reset"));
        assertThat(endings).containsExactly(Ending.CUT);
    }

    @Test
    void aReaderWhoLeavesEndsTheCallOfTheServer() {
        assertThat(server.left).isFalse();
        stream.end(Ending.LEFT);
        assertThat(server.left).isTrue();
    }

    @Test
    void aServerThatAnswersWhenTheReaderHasLeftIsLeftAtOnce() {
        Server late = new Server();
        stream.end(Ending.LEFT);
        stream.onSubscribe(late);
        assertThat(late.left).isTrue();
        assertThat(late.asked).isZero();
    }

    @Test
    void aServerThatSaysNothingIsGivenUp() {
        timers.pass(ofSeconds(44));
        says(": ping\n\n");
        timers.pass(ofSeconds(44));
        assertThat(endings).isEmpty();
        timers.pass(ofSeconds(1));
        assertThat(endings).containsExactly(Ending.SILENT);
        assertThat(server.left).isTrue();
    }

    @Test
    void pingsAreNoEvents() {
        for (int ping = 0; ping < 29; ping++) {
            timers.pass(ofSeconds(10));
            says(ping % 2 == 0 ? ": ping\n\n" : "event: ping\ndata: {}\n\n");
        }
        assertThat(endings).isEmpty();
        timers.pass(ofSeconds(10));
        assertThat(endings).containsExactly(Ending.IDLE);
    }

    @Test
    void anEventBeginsTheIdleTimeAnew() {
        for (int event = 0; event < 60; event++) {
            timers.pass(ofSeconds(20));
            says("event: token\ndata: {}\n\n");
        }
        assertThat(endings).isEmpty();
        assertThat(stream.lastEvent()).isEqualTo("token");
        stream.onComplete();
    }

    @Test
    void itsWholeTimeIsNotLengthenedByAnything() {
        for (int event = 0; event < 90; event++) {
            assertThat(endings).isEmpty();
            timers.pass(ofSeconds(20));
            says("data: {}\n\n");
        }
        assertThat(endings).containsExactly(Ending.EXPIRED);
        assertThat(server.left).isTrue();
    }

    @Test
    void aFrameWithoutAnEndIsNotReadOn() {
        says("data: " + "x".repeat(60));
        assertThat(endings).containsExactly(Ending.TOO_LONG);
        assertThat(server.left).isTrue();
    }

    @Test
    void theServerIsAskedForOnePieceAtATime() {
        assertThat(server.asked).isOne();
        says("data: 1\n\n");
        assertThat(server.asked).isEqualTo(2);
        stream.onComplete();
    }

    @Test
    void withoutAPulseOrAnEndOfItsOwnItKeepsTheOtherLimits() {
        stream.onComplete();
        endings.clear();
        Server other = new Server();
        RelayedStream bare = new RelayedStream(
                new RawEmitter(),
                new Uncut(),
                new Terms(ofSeconds(45), ofMinutes(5), null, null),
                timers,
                Runnable::run,
                ended -> endings.add(ended.ended()));
        bare.onSubscribe(other);
        timers.pass(ofMillis(44_999));
        assertThat(endings).isEmpty();
        timers.pass(ofMillis(1));
        assertThat(endings).containsExactly(Ending.SILENT);
    }

    private void says(String piece) {
        stream.onNext(List.of(ByteBuffer.wrap(piece.getBytes(StandardCharsets.UTF_8))));
    }

    private static final class Server implements Flow.Subscription {
        private long asked;
        private boolean left;

        @Override
        public void request(long pieces) {
            asked += pieces;
        }

        @Override
        public void cancel() {
            left = true;
        }
    }
}
