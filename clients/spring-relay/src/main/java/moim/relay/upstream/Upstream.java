package moim.relay.upstream;

import static java.net.http.HttpRequest.BodyPublishers.noBody;
import static java.net.http.HttpRequest.BodyPublishers.ofByteArray;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import moim.relay.refusal.Reason;
import moim.relay.refusal.Refusal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** The AI server, asked with the backend's key, in the name of a user. Every fault of it is a {@link Refusal}. */
@Component
public class Upstream {
    private static final Logger LOG = LoggerFactory.getLogger(Upstream.class);

    static {
        // Unused connections are kept shorter than the server keeps them (620 s): by default 20 minutes, and then a
        // request meets one that has just been closed. Read once, when the first client of the process is made.
        if (System.getProperty("jdk.httpclient.keepalive.timeout") == null) {
            System.setProperty("jdk.httpclient.keepalive.timeout", "60");
        }
    }

    private final UpstreamProperties properties;
    private final Workers workers;
    private final HttpClient client;

    Upstream(UpstreamProperties properties, Workers workers) {
        this.properties = properties;
        this.workers = workers;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1) // else it offers an upgrade in each request
                .connectTimeout(properties.connectWithin())
                .executor(workers.threads())
                .build();
    }

    /** An answer that is passed on whole. */
    public CompletableFuture<Answer.Whole> whole(Ask ask) {
        CompletableFuture<HttpResponse<Answer.Whole>> sent = send(ask, this::collected);
        return sent.copy() // which may end without `sent`, and that one is cancelled then
                .orTimeout(properties.answerWithin().toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((response, fault) -> sent.cancel(true))
                .handleAsync(Upstream::answer, workers.threads());
    }

    /** An answer that is passed on as it comes, or whole if it is not the stream that was asked for. */
    public CompletableFuture<Answer> stream(Ask ask) {
        BodyHandler<Answer> either = head ->
                head.statusCode() == 200 ? coming(head) : BodySubscribers.mapping(collected(head), whole -> whole);
        // In a thread of our own: else what comes with the head would be written, and waited for, in the common pool.
        return send(ask, either).handleAsync(Upstream::answer, workers.threads());
    }

    private <A extends Answer> CompletableFuture<HttpResponse<A>> send(Ask ask, BodyHandler<A> handler) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base() + ask.path() + ask.query()))
                .timeout(properties.answerWithin())
                .header("authorization", "Bearer " + properties.key())
                .header(properties.userHeader(), ask.caller().name())
                .method(ask.method(), ask.body().length > 0 ? ofByteArray(ask.body()) : noBody());
        ask.headers().forEach((name, values) -> values.forEach(value -> request.header(name, value)));
        return client.sendAsync(request.build(), handler);
    }

    private String base() {
        String url = properties.url().toString();
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    private BodySubscriber<Answer.Whole> collected(HttpResponse.ResponseInfo head) {
        return BodySubscribers.mapping(
                new Collected(properties.answerBytes().toBytes()),
                body -> new Answer.Whole(head.statusCode(), head.headers(), body));
    }

    private static BodySubscriber<Answer> coming(HttpResponse.ResponseInfo head) {
        return BodySubscribers.mapping(
                BodySubscribers.ofPublisher(),
                pieces -> new Answer.Coming(head.statusCode(), head.headers(), pieces));
    }

    private static <A extends Answer> A answer(HttpResponse<A> response, Throwable fault) {
        if (fault != null) {
            throw refusal(fault instanceof CompletionException ? fault.getCause() : fault);
        }
        if (response.statusCode() == 401 || response.statusCode() == 403) {
            // Of this backend's key, not of the user's token: a user that is told so would fetch tokens for ever.
            LOG.error("The server does not let this backend in ({})", response.statusCode());
            throw new Refusal(Reason.INTERNAL);
        }
        return response.body();
    }

    private static Refusal refusal(Throwable fault) {
        if (fault instanceof HttpConnectTimeoutException) {
            return new Refusal(Reason.WORKER_LOST, fault);
        }
        if (fault instanceof HttpTimeoutException || fault instanceof TimeoutException) {
            return new Refusal(Reason.TIME_LIMIT, fault);
        }
        return new Refusal(fault instanceof IOException ? Reason.WORKER_LOST : Reason.INTERNAL, fault);
    }
}
