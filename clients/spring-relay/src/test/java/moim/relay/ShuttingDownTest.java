package moim.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import moim.relay.support.RunningRelay;
import moim.relay.support.ScriptedServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a relay that is told to end does with what is under way. */
class ShuttingDownTest {
    private final ScriptedServer server = new ScriptedServer();

    @AfterEach
    void end() {
        server.close();
    }

    @Test
    void whatEndsInTimeEndsWholeAndNothingNewBegins() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        server.plays(call -> {
            call.streams();
            call.says("data: 1\n\n");
            over.await(60, TimeUnit.SECONDS);
            call.says("event: complete\ndata: 2\n\n");
            call.ends();
        });
        RunningRelay relay = new RunningRelay(
                server.url(),
                "relay.stream.drain=40s",
                "relay.stream.pulse=1m",
                "spring.lifecycle.timeout-per-shutdown-phase=50s");
        InputStream body = relay.open(relay.post("kim", "/chatbot/stream", "{}")).body();
        assertThat(body.readNBytes(9)).asString().isEqualTo("data: 1\n\n");
        CompletableFuture<Void> ending = CompletableFuture.runAsync(relay::close);
        awaitRefusal(relay);
        assertThat(ending).isNotDone();
        over.countDown();
        assertThat(body.readAllBytes()).asString().isEqualTo("event: complete\ndata: 2\n\n");
        ending.get(10, TimeUnit.SECONDS);
    }

    @Test
    void whatDoesNotIsCutOnBothSides() throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        server.plays(call -> {
            call.streams();
            call.says("data: 1\n\n");
            call.awaitLeaving();
            left.countDown();
        });
        RunningRelay relay = new RunningRelay(server.url(), "relay.stream.drain=500ms");
        InputStream body = relay.open(relay.post("kim", "/chatbot/stream", "{}")).body();
        body.readNBytes(9);
        CompletableFuture<Void> ending = CompletableFuture.runAsync(relay::close);
        assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
        assertThat(left.await(2, TimeUnit.SECONDS)).isTrue();
        ending.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aCutStreamIsAbsentOfAnyWordOfOurs() throws Exception {
        server.plays(call -> {
            call.streams();
            call.says("data: 1\n\n");
            call.awaitLeaving();
        });
        RunningRelay relay =
                new RunningRelay(server.url(), "relay.stream.drain=300ms", "relay.stream.pulse=1m");
        try (Socket reader = relay.connect("kim", "/chatbot/stream", "{}")) {
            InputStream in = reader.getInputStream();
            StringBuilder heard = new StringBuilder();
            while (heard.indexOf("data: 1\n\n") < 0) {
                heard.append((char) in.read());
            }
            CompletableFuture<Void> ending = CompletableFuture.runAsync(relay::close);
            byte[] rest = in.readAllBytes();
            // The end of what was said, as a chunk; and no last chunk.
            assertThat(new String(rest, StandardCharsets.UTF_8)).isEqualTo("\r\n");
            ending.get(10, TimeUnit.SECONDS);
        }
    }

    private static void awaitRefusal(RunningRelay relay) throws Exception {
        for (long end = System.nanoTime() + 30_000_000_000L; System.nanoTime() < end; Thread.sleep(20)) {
            try (Socket accepted = new Socket("127.0.0.1", relay.port())) {
                accepted.setSoLinger(true, 0);
            } catch (ConnectException refused) {
                return;
            }
        }
        throw new AssertionError("it still takes connections");
    }
}
