package moim.relay.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import moim.relay.support.RunningRelay;
import moim.relay.support.ScriptedServer;
import moim.relay.support.ScriptedServer.Call;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What passes, in both directions. */
class PassingTest {
    private static final ScriptedServer SERVER = new ScriptedServer();
    private static RunningRelay relay;

    @BeforeAll
    static void start() {
        relay = new RunningRelay(SERVER.url());
    }

    @AfterAll
    static void end() {
        relay.close();
        SERVER.close();
    }

    @Test
    void everyByteArrivesAsItWasSent() throws Exception {
        String frames = "retry: 2113\nid:1\nevent: start\ndata: {\"type\":\"start\"}\n\n: ping\n\n"
                + "id:2~\nevent: token\ndata: {\"text\":\" 한글 앞의 빈칸\"}\n\n"
                + "data:no blank\n\ndata:  two blanks \t\n\ndata: one\ndata:  two\ndata\n\n"
                + "id\nevent:\ndata: \u0085\u2028\u2029\uFEFF\0\n\nid:3\r\nevent: ping\r\ndata: {}\r\n\r\n"
                + "data: 😀👨‍👩‍👧\n\n:\n\n\n\nevent: complete\ndata: {}\n\nleft over";
        byte[] sent = frames.getBytes(StandardCharsets.UTF_8);
        for (int seed = 0; seed < 30; seed++) {
            Random random = new Random(seed);
            SERVER.plays(call -> {
                call.streams();
                for (int from = 0; from < sent.length; ) {
                    int to = Math.min(sent.length, from + 1 + random.nextInt(40));
                    call.says(Arrays.copyOfRange(sent, from, to));
                    from = to;
                }
                call.ends();
            });
            HttpResponse<byte[]> answer = relay.send(relay.post("kim", "/chatbot/stream", "{}"));
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).as("seed %d", seed).isEqualTo(sent);
        }
    }

    @Test
    void bytesThatAreNoTextArriveToo() throws Exception {
        byte[] sent = new byte[300_000];
        new Random(1).nextBytes(sent);
        SERVER.plays(call -> {
            call.streams();
            call.says(sent);
            call.ends();
        });
        assertThat(relay.send(relay.post("kim", "/chatbot/stream", "{}")).body()).isEqualTo(sent);
    }

    @Test
    void aFrameIsThereBeforeTheNextOneIsSent() throws Exception {
        CountDownLatch[] read = {new CountDownLatch(1), new CountDownLatch(1), new CountDownLatch(1)};
        SERVER.plays(call -> {
            call.streams();
            for (CountDownLatch one : read) {
                call.says("data: 한\n\n");
                if (!one.await(10, TimeUnit.SECONDS)) {
                    return; // which cuts the stream, and the reader finds it cut
                }
            }
            call.ends();
        });
        HttpResponse<InputStream> answer = relay.open(relay.post("kim", "/chatbot/stream", "{}"));
        for (CountDownLatch one : read) {
            assertThat(new String(answer.body().readNBytes(11), StandardCharsets.UTF_8)).isEqualTo("data: 한\n\n");
            one.countDown();
        }
        assertThat(answer.body().readAllBytes()).isEmpty();
    }

    @Test
    void theHeadArrivesBeforeTheFirstFrame() throws Exception {
        CountDownLatch seen = new CountDownLatch(1);
        SERVER.plays(call -> {
            call.streams();
            seen.await(10, TimeUnit.SECONDS);
            call.ends();
        });
        HttpResponse<InputStream> answer = relay.open(relay.request("kim", "/runs/1/events"));
        seen.countDown();
        assertThat(answer.body().readAllBytes()).isEmpty();
    }

    @Test
    void nothingOnTheWayMayKeepOrCompressIt() throws Exception {
        SERVER.plays(call -> {
            call.streams("set-cookie: run=1", "x-vercel-ai-ui-message-stream: v1", "server: uvicorn");
            call.says("data: " + "가".repeat(5_000) + "\n\n");
            call.ends();
        });
        HttpResponse<byte[]> answer =
                relay.send(relay.post("kim", "/chatbot/stream", "{}").header("accept-encoding", "gzip, deflate, br"));
        assertThat(answer.headers().firstValue("content-type")).contains("text/event-stream;charset=utf-8");
        assertThat(answer.headers().allValues("cache-control")).containsExactly("no-cache, no-store, no-transform");
        assertThat(answer.headers().firstValue("x-accel-buffering")).contains("no");
        assertThat(answer.headers().firstValue("x-vercel-ai-ui-message-stream")).contains("v1");
        assertThat(answer.headers().map()).doesNotContainKeys("content-encoding", "set-cookie", "server");
    }

    @Test
    void theServerSeesTheBackendsKeyItsUserAndWhatMayPass() throws Exception {
        SERVER.plays(call -> call.answer(201, "{\"run_id\":\"1\"}"));
        HttpResponse<byte[]> answer = relay.send(relay.post(
                        "kim",
                        "/meeting-info/runs?events=token,complete&ping=event&secret=1&detach=true&last_event_id=12~"
                                + "&protocol=ag-ui&ticket=t",
                        "{\"input\":{\"goal\":\"산책\"}}")
                .header("idempotency-key", "7f3c")
                .header("last-event-id", "12~")
                .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .header("cookie", "session=1")
                .header("x-user-id", "lee")
                .header("x-forwarded-for", "10.0.0.1"));
        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(answer.body()).asString().isEqualTo("{\"run_id\":\"1\"}");
        Call call = SERVER.nextCall();
        assertThat(call.line)
                .isEqualTo("POST /meeting-info/runs?events=token,complete&ping=event&detach=true&last_event_id=12~"
                        + "&protocol=ag-ui HTTP/1.1");
        assertThat(new String(call.body, StandardCharsets.UTF_8)).isEqualTo("{\"input\":{\"goal\":\"산책\"}}");
        assertThat(call.headers)
                .containsEntry("authorization", "Bearer " + RunningRelay.KEY)
                .containsEntry("x-user-id", "kim")
                .containsEntry("idempotency-key", "7f3c")
                .containsEntry("last-event-id", "12~")
                .containsEntry("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .containsEntry("content-type", "application/json")
                .doesNotContainKeys("cookie", "x-forwarded-for", "upgrade");
    }

    @Test
    void eachPathIsTheServersOwn() throws Exception {
        String id = "01890a5d-ac96-774b-bcce-b302099a8057";
        SERVER.plays(call -> call.answer(200, "{}"));
        relay.send(relay.request("kim", "/runs/" + id));
        assertThat(SERVER.nextCall().line).isEqualTo("GET /runs/" + id + " HTTP/1.1");
        relay.send(relay.request("kim", "/runs/" + id).DELETE());
        assertThat(SERVER.nextCall().line).isEqualTo("DELETE /runs/" + id + " HTTP/1.1");
        relay.send(relay.post("kim", "/runs/" + id + "/pins", "{}"));
        assertThat(SERVER.nextCall().line).isEqualTo("POST /runs/" + id + "/pins HTTP/1.1");
        relay.send(relay.request("kim", "/runs/" + id + "/events?ping=event"));
        assertThat(SERVER.nextCall().line).isEqualTo("GET /runs/" + id + "/events?ping=event HTTP/1.1");
        relay.send(relay.post("kim", "/chatbot/stream/ai-sdk", "{}"));
        assertThat(SERVER.nextCall().line).isEqualTo("POST /chatbot/stream/ai-sdk HTTP/1.1");
    }

    @Test
    void anAnswerThatIsNoEventStreamPassesWithNothingInBetween() throws Exception {
        SERVER.plays(call -> {
            call.head(200, "text/plain; charset=utf-8", "transfer-encoding: chunked");
            call.says("{\"name\":\"느린");
            Thread.sleep(900); // more than two pulses
            call.says(" 산책\"}");
            call.ends();
        });
        HttpResponse<byte[]> answer = relay.send(relay.post("kim", "/meeting-info/stream/ai-sdk-object", "{}"));
        assertThat(answer.headers().firstValue("content-type")).contains("text/plain;charset=utf-8");
        assertThat(answer.body()).asString(StandardCharsets.UTF_8).isEqualTo("{\"name\":\"느린 산책\"}");
    }

    @Test
    void aSilentServersStreamIsKeptAliveBetweenFramesOnly() throws Exception {
        SERVER.plays(call -> {
            call.streams();
            call.says("data: 1\n\nda");
            Thread.sleep(900); // more than two pulses
            call.says("ta: 2\n\n");
            call.ends();
        });
        String text = new String(relay.send(relay.post("kim", "/chatbot/stream", "{}")).body(), StandardCharsets.UTF_8);
        assertThat(text).startsWith("data: 1\n\n: ping\n\n").endsWith(": ping\n\ndata: 2\n\n");
        assertThat(text.replace(": ping\n\n", "")).isEqualTo("data: 1\n\ndata: 2\n\n");
    }

    @Test
    void aLargeAnswerDoesNotPileUpBeforeASlowReader() throws Exception {
        byte[] frame = ("data: " + "x".repeat(60_000) + "\n\n").getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream taken = new ByteArrayOutputStream();
        SERVER.plays(call -> {
            call.streams();
            try {
                for (int number = 0; number < 2_000; number++) {
                    call.says(frame);
                    taken.writeBytes(new byte[1]);
                }
                call.ends();
            } catch (IOException left) {
                // which the test does at its end
            }
        });
        HttpResponse<InputStream> unread = relay.open(relay.post("kim", "/chatbot/stream", "{}"));
        try {
            int before = -1;
            while (taken.size() > before) { // until the server can send nothing more
                before = taken.size();
                Thread.sleep(500);
            }
            assertThat(taken.size()).isLessThan(500); // of 120 MB no more than sockets hold
        } finally {
            unread.body().close();
        }
    }
}
