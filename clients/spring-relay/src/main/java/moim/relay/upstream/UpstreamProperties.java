package moim.relay.upstream;

import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.net.URI;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The AI server, and what it is shown.
 *
 * @param url its address, with the path before its own if there is one
 * @param key the key of this backend, which opens everything: from the environment, never from a file
 * @param userHeader the header in which the server expects the user ({@code auth.user_header} of langserve.yaml)
 * @param connectWithin how long a connection may take
 * @param answerWithin how long it may take until the answer begins; for one that is passed on whole, until its end
 * @param requestBytes the largest body that is passed on to it
 * @param answerBytes the largest answer that is passed on whole
 */
@Validated
@ConfigurationProperties("relay.upstream")
public record UpstreamProperties(
        @NotNull URI url,
        @NotNull String key,
        @NotNull @Pattern(regexp = "[A-Za-z0-9-]+") @DefaultValue("x-user-id") String userHeader,
        @NotNull @DefaultValue("3s") Duration connectWithin,
        @NotNull @DefaultValue("40s") Duration answerWithin,
        @NotNull @DefaultValue("1MB") DataSize requestBytes,
        @NotNull @DefaultValue("8MB") DataSize answerBytes) {
    private static final int SHORTEST_KEY = 32;

    /** Checked here and not by an annotation: Boot's report of a rule that is broken quotes the value. */
    public UpstreamProperties {
        if (key != null && !key.matches("[!-~]{" + SHORTEST_KEY + ",}")) {
            throw new IllegalArgumentException(
                    "relay.upstream.key must be at least " + SHORTEST_KEY + " characters of ASCII, without blanks");
        }
    }

    @Override
    public String toString() {
        return "UpstreamProperties[url=" + url + "]";
    }
}
