package moim.relay.caller;

import java.time.Duration;
import java.util.regex.Pattern;
import moim.relay.refusal.Reason;
import moim.relay.refusal.Refusal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.stereotype.Component;

/** Reads from a checked token who asks. */
@Component
public class Callers {
    /**
     * Names that a header carries unchanged. Java's client writes "?" for anything beyond ASCII, which would make one
     * user of many.
     */
    private static final Pattern NAME = Pattern.compile("[!-~](?:[ -~]{0,253}[!-~])?");

    /** By how much Spring Security lets clocks differ: for as long a token is let in behind its end. */
    private static final Duration LEEWAY = Duration.ofSeconds(60);

    private final String claim;

    Callers(CallerProperties properties) {
        this.claim = properties.claim();
    }

    /** Whom a token names. {@link Refusal} if nobody that could be named upstream. */
    public Caller of(Jwt token) {
        String name = token.getClaimAsString(claim);
        if (name == null || !NAME.matcher(name).matches()) {
            throw new Refusal(Reason.FORBIDDEN);
        }
        return new Caller(name, token.getExpiresAt().plus(LEEWAY));
    }
}
