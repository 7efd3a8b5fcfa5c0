package moim.relay.refusal;

import java.time.Duration;
import java.util.Locale;
import org.springframework.http.HttpStatus;

/** Why the relay itself says no. Codes and statuses are the server's own, so that a client needs to know one list. */
public enum Reason {
    UNAUTHENTICATED(HttpStatus.UNAUTHORIZED, "Show who you are: a valid token is needed."),
    FORBIDDEN(HttpStatus.FORBIDDEN, "This is not for you."),
    INVALID_REQUEST(HttpStatus.UNPROCESSABLE_ENTITY, "The request cannot be passed on as it is."),
    NOT_FOUND(HttpStatus.NOT_FOUND, "There is no such path."),
    METHOD_NOT_ALLOWED(HttpStatus.METHOD_NOT_ALLOWED, "This method is not for here."),
    REQUEST_TOO_LARGE(HttpStatus.PAYLOAD_TOO_LARGE, "The body is too large."),
    RATE_LIMITED(HttpStatus.TOO_MANY_REQUESTS, "You have as much under way as one user may.", Duration.ofSeconds(5)),
    TOO_BUSY(HttpStatus.SERVICE_UNAVAILABLE, "More is under way than this relay takes.", Duration.ofSeconds(5)),
    WORKER_LOST(HttpStatus.BAD_GATEWAY, "The server is away. Try again shortly.", Duration.ofSeconds(2)),
    TIME_LIMIT(HttpStatus.GATEWAY_TIMEOUT, "The server did not answer in time.", Duration.ofSeconds(2)),
    ISSUER_UNAVAILABLE(HttpStatus.SERVICE_UNAVAILABLE, "Tokens cannot be checked just now.", Duration.ofSeconds(5)),
    INTERNAL(HttpStatus.INTERNAL_SERVER_ERROR, "The relay has a fault.", Duration.ofSeconds(5));

    private final HttpStatus status;
    private final String message;
    private final Duration retryAfter;

    /** Trying again does not help. */
    Reason(HttpStatus status, String message) {
        this(status, message, null);
    }

    Reason(HttpStatus status, String message, Duration retryAfter) {
        this.status = status;
        this.message = message;
        this.retryAfter = retryAfter;
    }

    HttpStatus status() {
        return status;
    }

    /** When to try again; null if that does not help. */
    Duration retryAfter() {
        return retryAfter;
    }

    Envelope envelope() {
        return new Envelope(name().toLowerCase(Locale.ROOT), message, retryAfter != null);
    }
}
