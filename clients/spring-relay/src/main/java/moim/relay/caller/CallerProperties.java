package moim.relay.caller;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How users are known. Issuer, keys and audience are Spring Security's own settings.
 *
 * @param claim which claim of the token names the user
 * @param keysWithin how long the issuer may take to hand out its keys
 */
@Validated
@ConfigurationProperties("relay.caller")
record CallerProperties(
        @NotBlank @DefaultValue("sub") String claim, @NotNull @DefaultValue("3s") Duration keysWithin) {}
