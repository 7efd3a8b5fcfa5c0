package moim.relay.refusal;

import org.apache.coyote.CloseNowException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/** Turns what is thrown into the envelope. An exception's own words never leave: they may quote somebody. */
@RestControllerAdvice
class RefusalAdvice extends ResponseEntityExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(RefusalAdvice.class);

    private final Refusals refusals;

    RefusalAdvice(Refusals refusals) {
        this.refusals = refusals;
    }

    @ExceptionHandler
    ResponseEntity<Object> refused(Refusal refusal) {
        return refusals.response(refusal.reason());
    }

    /** A header or a path that Spring Security's firewall does not let anybody look at. */
    @ExceptionHandler
    ResponseEntity<Object> unsound(RequestRejectedException refused) {
        return refusals.response(Reason.INVALID_REQUEST);
    }

    @ExceptionHandler
    ResponseEntity<Object> unforeseen(Exception fault) {
        LOG.error("Unforeseen: {} at {}", fault.getClass().getName(), place(fault));
        return refusals.response(Reason.INTERNAL);
    }

    /** A response that has begun is to be cut off, not apologised for. */
    @ExceptionHandler
    void cut(CloseNowException cut) throws CloseNowException {
        throw cut;
    }

    /** What Spring itself refuses. */
    @Override
    protected ResponseEntity<Object> handleExceptionInternal(
            Exception refused, Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return refusals.response(switch (status.value()) {
            case 404 -> Reason.NOT_FOUND;
            case 405 -> Reason.METHOD_NOT_ALLOWED;
            case 413 -> Reason.REQUEST_TOO_LARGE;
            case 503 -> Reason.TIME_LIMIT; // an asynchronous request that has waited too long
            default -> status.is4xxClientError() ? Reason.INVALID_REQUEST : Reason.INTERNAL;
        });
    }

    private static Object place(Exception fault) {
        StackTraceElement[] trace = fault.getStackTrace();
        return trace.length > 0 ? trace[0] : "an unknown place";
    }
}
