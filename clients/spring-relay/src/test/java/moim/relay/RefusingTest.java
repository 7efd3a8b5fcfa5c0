package moim.relay;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import moim.relay.capacity.Capacity;
import moim.relay.support.RunningRelay;
import moim.relay.support.ScriptedServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said when there is no answer: the server's words where it has spoken, else the relay's, in one shape. */
class RefusingTest {
    private static final String BUSY = "{\"code\":\"upstream_busy\",\"message\":\"바빠요\",\"retryable\":true}";
    private static final ScriptedServer SERVER = new ScriptedServer();
    private static RunningRelay relay;

    @BeforeAll
    static void start() {
        relay = new RunningRelay(
                SERVER.url(),
                "relay.upstream.answer-within=1s",
                "relay.upstream.request-bytes=2KB",
                "relay.upstream.answer-bytes=2KB",
                "relay.capacity.streams=3",
                "relay.capacity.user-streams=2",
                "relay.capacity.user-calls=1");
    }

    @AfterAll
    static void end() {
        relay.close();
        SERVER.close();
    }

    @AfterEach
    void noPlaceIsKept() throws InterruptedException {
        for (long end = System.nanoTime() + 5_000_000_000L; taken() > 0; ) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/chatbot/stream", "/chatbot/runs"})
    void theServersRefusalsArePassedOn(String path) throws Exception {
        SERVER.plays(call -> call.answer(503, BUSY, "retry-after: 7"));
        HttpResponse<byte[]> answer = relay.send(relay.post("kim", path, "{}"));
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.body()).asString(java.nio.charset.StandardCharsets.UTF_8).isEqualTo(BUSY);
        assertThat(answer.headers().firstValue("retry-after")).contains("7");
        assertThat(answer.headers().firstValue("content-type")).contains("application/json");
    }

    @Test
    void behindTheEndThereIsNothing() throws Exception {
        SERVER.plays(call -> call.head(204, "text/plain"));
        HttpResponse<byte[]> answer = relay.send(relay.request("kim", "/runs/1/events"));
        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(answer.body()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void thatTheBackendIsNotLetInIsNoFaultOfTheUsers(int status) throws Exception {
        SERVER.plays(call -> call.answer(status, "{\"code\":\"unauthenticated\"}"));
        refused(relay.send(relay.post("kim", "/chatbot/stream", "{}")), 500, "internal", true);
        refused(relay.send(relay.post("kim", "/chatbot/runs", "{}")), 500, "internal", true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/chatbot/stream", "/chatbot/runs"})
    void aServerThatHangsUpIsAway(String path) throws Exception {
        SERVER.plays(call -> {});
        refused(relay.send(relay.post("kim", path, "{}")), 502, "worker_lost", true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/chatbot/stream", "/chatbot/runs"})
    void aServerThatDoesNotAnswerIsLeft(String path) throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        SERVER.plays(call -> {
            call.awaitLeaving();
            left.countDown();
        });
        refused(relay.send(relay.post("kim", path, "{}")), 504, "time_limit", true);
        assertThat(left.await(2, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anAnswerThatDoesNotEndIsLeft() throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        SERVER.plays(call -> {
            call.head(200, "application/json", "content-length: 100");
            call.awaitLeaving();
            left.countDown();
        });
        refused(relay.send(relay.request("kim", "/runs/1")), 504, "time_limit", true);
        assertThat(left.await(2, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anAnswerThatIsTooLargeIsNotCollected() throws Exception {
        SERVER.plays(call -> call.answer(200, "\"" + "x".repeat(3_000) + "\""));
        refused(relay.send(relay.request("kim", "/runs/1")), 502, "worker_lost", true);
    }

    @Test
    void whereNobodyListensNobodyIs() throws Exception {
        int port;
        try (java.net.ServerSocket free = new java.net.ServerSocket(0)) {
            port = free.getLocalPort();
        }
        try (RunningRelay other = new RunningRelay("http://127.0.0.1:" + port)) {
            refused(other.send(other.post("kim", "/chatbot/stream", "{}")), 502, "worker_lost", true);
        }
    }

    @Test
    void aBodyThatIsTooLargeIsNotPassedOn() throws Exception {
        SERVER.plays(call -> call.answer(200, "{}"));
        byte[] large = new byte[3_000];
        refused(relay.send(relay.request("kim", "/chatbot/runs").POST(BodyPublishers.ofByteArray(large))),
                413, "request_too_large", false);
        refused(relay.send(relay.request("kim", "/chatbot/stream")
                        .POST(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(large)))),
                413, "request_too_large", false); // which does not say its length
        assertThat(SERVER.isCalled()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "/runs/..%2Fmetrics", "/runs/a%00b", "/runs/a/b/c", "/chatbot/invoke", "/runs/1;x=2/other", "/",
        "/Chat.bot/stream",
    })
    void noOtherPathLeadsToTheServer(String path) throws Exception {
        SERVER.plays(call -> call.answer(200, "{}"));
        HttpResponse<byte[]> answer = relay.send(relay.post("kim", path, "{}"));
        assertThat(answer.statusCode()).isBetween(400, 499);
        assertThat(SERVER.isCalled()).isFalse();
    }

    @Test
    void whatIsNotThereIsToldInTheSameShape() throws Exception {
        refused(relay.send(relay.request("kim", "/nowhere/at/all")), 404, "not_found", false);
        refused(relay.send(relay.request("kim", "/chatbot/stream")), 405, "method_not_allowed", false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"events=%zz", "events=a%", "last_event_id=1|2", "events=\"", "protocol=한"})
    void aQueryThatIsNoneIsRefused(String query) throws Exception {
        SERVER.plays(call -> call.answer(200, "{}"));
        String answer = raw("GET /ai/runs/1/events?" + query, "x-none: 1");
        assertThat(answer).matches("(?s)HTTP/1.1 4(00|22) .*");
        assertThat(SERVER.isCalled()).isFalse();
    }

    @Test
    void aHeaderThatWouldArriveAsAnotherIsRefused() throws Exception {
        SERVER.plays(call -> call.answer(200, "{}"));
        assertThat(raw("POST /ai/chatbot/runs", "idempotency-key: 가")).startsWith("HTTP/1.1 422 ");
        assertThat(SERVER.isCalled()).isFalse();
    }

    @Test
    void whoHasEnoughIsToldWhenToComeBack() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        SERVER.plays(call -> {
            call.streams();
            over.await(20, TimeUnit.SECONDS);
            call.ends();
        });
        List<HttpResponse<InputStream>> open = new ArrayList<>();
        for (String user : List.of("kim", "kim", "lee")) {
            open.add(relay.open(relay.post(user, "/chatbot/stream", "{}")));
        }
        refused(relay.send(relay.post("kim", "/chatbot/stream", "{}")), 429, "rate_limited", true);
        refused(relay.send(relay.request("kim", "/runs/1/events")), 429, "rate_limited", true);
        refused(relay.send(relay.post("lee", "/chatbot/stream", "{}")), 503, "too_busy", true);
        over.countDown();
        for (HttpResponse<InputStream> one : open) {
            one.body().readAllBytes();
        }
    }

    @Test
    void whoHasStreamsCanStillBeAnswered() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        SERVER.plays(call -> {
            over.await(20, TimeUnit.SECONDS);
            call.answer(200, "{}");
        });
        CompletableFuture<HttpResponse<byte[]>> first = CompletableFuture.supplyAsync(() -> get("/runs/1"));
        SERVER.nextCall();
        refused(relay.send(relay.request("kim", "/runs/1")), 429, "rate_limited", true);
        over.countDown();
        assertThat(first.get(5, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void halfARequestTakesAPlaceOfItsUsers() throws Exception {
        String token = relay.issuer().token("kim");
        String head = "POST /ai/runs/1/pins HTTP/1.1\r\nhost: relay\r\ncontent-length: 9\r\nauthorization: Bearer ";
        try (Socket half = new Socket("127.0.0.1", relay.port())) {
            half.getOutputStream().write((head + token + "\r\n\r\n{").getBytes("US-ASCII"));
            for (long end = System.nanoTime() + 5_000_000_000L; taken() == 0; ) {
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.sleep(5);
            }
            refused(relay.send(relay.request("kim", "/runs/1")), 429, "rate_limited", true);
        }
    }

    private static HttpResponse<byte[]> get(String path) {
        try {
            return relay.send(relay.request("kim", path));
        } catch (IOException | InterruptedException fault) {
            throw new IllegalStateException(fault);
        }
    }

    /** What a request is answered that Java's own client would not send. */
    private static String raw(String line, String header) throws IOException {
        String head = line + " HTTP/1.1\r\nhost: relay\r\nconnection: close\r\nauthorization: Bearer "
                + relay.issuer().token("kim") + "\r\n" + header + "\r\ncontent-length: 0\r\n\r\n";
        try (Socket socket = new Socket("127.0.0.1", relay.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(head.getBytes("UTF-8"));
            return new String(socket.getInputStream().readAllBytes(), "UTF-8");
        }
    }

    private static int taken() {
        Capacity capacity = relay.bean(Capacity.class);
        return capacity.streams().taken() + capacity.calls().taken();
    }

    static void refused(HttpResponse<byte[]> answer, int status, String code, boolean retryable) throws IOException {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("content-type")).contains("application/json");
        JsonNode envelope = new ObjectMapper().readTree(answer.body());
        assertThat(envelope.fieldNames()).toIterable().containsExactlyInAnyOrder("code", "message", "retryable");
        assertThat(envelope.get("code").asText()).isEqualTo(code);
        assertThat(envelope.get("message").asText()).isNotBlank();
        assertThat(envelope.get("retryable").asBoolean()).isEqualTo(retryable);
        assertThat(answer.headers().firstValue("retry-after").isPresent()).isEqualTo(retryable);
    }
}
