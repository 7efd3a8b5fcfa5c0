package moim.relay.refusal;

import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;

/** Tells a refusal, in one envelope wherever it comes from. */
@Component
public class Refusals {
    private final ObjectMapper json;

    Refusals(ObjectMapper json) {
        this.json = json;
    }

    /** As a response of a controller. */
    ResponseEntity<Object> response(Reason reason) {
        return ResponseEntity.status(reason.status()).headers(headers(reason)).body(reason.envelope());
    }

    /** As a response of what stands before all controllers. */
    public void write(HttpServletResponse response, Reason reason) throws IOException {
        response.setStatus(reason.status().value());
        headers(reason).forEach((name, values) -> values.forEach(value -> response.setHeader(name, value)));
        json.writeValue(response.getOutputStream(), reason.envelope());
    }

    private static HttpHeaders headers(Reason reason) {
        HttpHeaders headers = new HttpHeaders();
        headers.setContentType(MediaType.APPLICATION_JSON);
        headers.setCacheControl("no-store");
        if (reason.retryAfter() != null) {
            headers.set(HttpHeaders.RETRY_AFTER, String.valueOf(reason.retryAfter().toSeconds()));
        }
        if (reason == Reason.UNAUTHENTICATED) {
            headers.set(HttpHeaders.WWW_AUTHENTICATE, "Bearer"); // and not what is wrong with the token
        }
        return headers;
    }
}
