package moim.relay.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import moim.relay.capacity.Capacity;
import moim.relay.support.RunningRelay;
import moim.relay.support.ScriptedServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** How streams end, on either side, and that nothing is left of them. */
@ExtendWith(OutputCaptureExtension.class)
class EndingTest {
    private static final String EVENT = "event: token\ndata: {\"text\":\"가\"}\n\n";
    private static final int LEFT_WITHIN_MS = 1_000;
    private static final ScriptedServer SERVER = new ScriptedServer();
    private static RunningRelay relay;

    @BeforeAll
    static void start() throws Exception {
        relay = new RunningRelay(
                SERVER.url(),
                "relay.stream.silence=1500ms",
                "relay.stream.idle=3s",
                "relay.stream.ping=300ms",
                "relay.stream.frame=1KB",
                "spring.mvc.async.request-timeout=1s"); // which is for a stream's beginning, and not for streams
        SERVER.plays(call -> call.answer(200, "{}"));
        relay.send(relay.request("kim", "/runs/1")); // the first request takes its time
    }

    @AfterAll
    static void end() {
        relay.close();
        SERVER.close();
    }

    @AfterEach
    void nothingIsLeft(CapturedOutput output) throws InterruptedException {
        until(() -> relay.bean(Capacity.class).streams().taken() == 0);
        until(() -> relay.bean(ScheduledTimers.class).pending() == 0);
        assertThat(output.getAll()).doesNotContain("Exception", "ERROR", RunningRelay.KEY, "Bearer ");
    }

    @Test
    void aServerThatIsCutLeavesAReaderWhoKnowsIt(CapturedOutput output) throws Exception {
        SERVER.plays(call -> {
            call.streams();
            call.says(EVENT);
        });
        InputStream body = relay.open(post()).body();
        assertThat(read(body, EVENT.length() + 2)).isEqualTo(EVENT);
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        ended(output, "CUT");
    }

    @Test
    void aServerThatIsCutInTheMiddleOfAFrameToo(CapturedOutput output) throws Exception {
        SERVER.plays(call -> {
            call.streams();
            call.says(EVENT + "event: complete\nda");
        });
        InputStream body = relay.open(post()).body();
        assertThat(read(body, EVENT.length() + 2)).isEqualTo(EVENT);
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        ended(output, "CUT");
    }

    @Test
    void aServerThatEndsWithoutATerminalEventIsNotFinishedForIt(CapturedOutput output) throws Exception {
        SERVER.plays(call -> {
            call.streams();
            call.says(EVENT);
            call.ends();
        });
        assertThat(relay.send(post()).body()).asString(StandardCharsets.UTF_8).isEqualTo(EVENT);
        ended(output, "DONE");
    }

    @Test
    void aFailureArrivesWithItsReason(CapturedOutput output) throws Exception {
        String failed = "id:7\nevent: failed\ndata: {\"type\":\"failed\",\"seq\":7,\"code\":\"upstream_cut\"}\n\n";
        SERVER.plays(call -> {
            call.streams();
            call.says(EVENT + failed);
            call.ends();
        });
        assertThat(relay.send(post()).body()).asString(StandardCharsets.UTF_8).isEqualTo(EVENT + failed);
        ended(output, "DONE, last event: failed");
    }

    @Test
    void aServerThatSaysNothingIsGivenUp(CapturedOutput output) throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        SERVER.plays(call -> {
            call.streams();
            call.says(EVENT);
            call.awaitLeaving();
            left.countDown();
        });
        InputStream body = relay.open(post()).body();
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        assertThat(left.await(1, TimeUnit.SECONDS)).isTrue();
        ended(output, "SILENT");
    }

    @Test
    void aServerThatOnlyPingsIsGivenUp(CapturedOutput output) throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        SERVER.plays(call -> {
            call.streams();
            try {
                while (true) {
                    call.says(": ping\n\n");
                    Thread.sleep(200);
                }
            } catch (IOException cut) {
                left.countDown();
            }
        });
        InputStream body = relay.open(post()).body();
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        assertThat(left.await(1, TimeUnit.SECONDS)).isTrue();
        ended(output, "IDLE");
    }

    @Test
    void aFrameWithoutAnEndIsNotReadOn(CapturedOutput output) throws Exception {
        SERVER.plays(call -> {
            call.streams();
            call.says("data: " + "x".repeat(2_000));
            call.awaitLeaving();
        });
        InputStream body = relay.open(post()).body();
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        ended(output, "TOO_LONG");
    }

    /** Which is let in for a minute behind its end, since clocks differ. */
    @Test
    void aReadingEndsWithItsToken(CapturedOutput output) throws Exception {
        SERVER.plays(call -> {
            call.streams();
            while (true) {
                call.says(EVENT);
                Thread.sleep(100);
            }
        });
        HttpResponse<byte[]> answer = relay.send(relay.request("kim", "/runs/1/events")
                .setHeader("authorization", "Bearer " + relay.issuer().token("kim", Duration.ofSeconds(-56))));
        assertThat(answer.body()).asString(StandardCharsets.UTF_8).startsWith(EVENT).endsWith(EVENT);
        ended(output, "EXPIRED");
    }

    @Test
    void whoLeavesATalkingServerStopsIt(CapturedOutput output) throws Exception {
        leaves(call -> {
            call.says(EVENT);
            Thread.sleep(20);
        });
        ended(output, "LEFT");
    }

    @Test
    void whoLeavesASilentServerStopsIt(CapturedOutput output) throws Exception {
        leaves(call -> Thread.sleep(20));
        ended(output, "LEFT");
    }

    /** A reader leaves while the server does this again and again. */
    private void leaves(ScriptedServer.Script meanwhile) throws Exception {
        CountDownLatch stopped = new CountDownLatch(1);
        AtomicLong stoppedAt = new AtomicLong();
        SERVER.plays(call -> {
            call.streams();
            call.says(EVENT);
            Thread watching = new Thread(() -> {
                try {
                    call.awaitLeaving();
                } catch (IOException never) {
                    return;
                }
                stoppedAt.set(System.nanoTime());
                stopped.countDown();
            });
            watching.start();
            while (stopped.getCount() > 0) {
                meanwhile.play(call);
            }
        });
        long leftAt;
        try (Socket reader = relay.connect("kim", "/chatbot/stream", "{}")) {
            readUntil(reader.getInputStream(), "token");
            leftAt = System.nanoTime();
        }
        assertThat(stopped.await(5, TimeUnit.SECONDS)).isTrue();
        long tookMs = TimeUnit.NANOSECONDS.toMillis(stoppedAt.get() - leftAt);
        System.out.println("Measured: the server is left " + tookMs + " ms behind the reader");
        assertThat(tookMs).isLessThan(LEFT_WITHIN_MS);
    }

    @Test
    void manyStreamsLeaveNothingBehind() throws Exception {
        SERVER.plays(call -> {
            call.streams();
            call.says(EVENT);
            call.ends();
        });
        for (int number = 0; number < 100; number++) {
            relay.send(post());
        }
    }

    private static java.net.http.HttpRequest.Builder post() {
        return relay.post("kim", "/chatbot/stream", "{}");
    }

    private static String read(InputStream body, int bytes) throws IOException {
        return new String(body.readNBytes(bytes), StandardCharsets.UTF_8);
    }

    private static void ended(CapturedOutput output, String how) throws InterruptedException {
        until(() -> output.getAll().contains("A stream has ended: " + how));
    }

    private static void readUntil(InputStream body, String part) throws IOException {
        StringBuilder heard = new StringBuilder();
        while (heard.indexOf(part) < 0) {
            heard.append((char) body.read());
        }
    }

    private static void until(java.util.function.BooleanSupplier holds) throws InterruptedException {
        for (long end = System.nanoTime() + 5_000_000_000L; !holds.getAsBoolean(); ) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(5);
        }
    }
}
