package moim.relay.capacity;

import jakarta.validation.constraints.Positive;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How much at once.
 *
 * @param streams streams of all users together
 * @param userStreams streams of one user
 * @param calls requests that are answered whole, of all users together
 * @param userCalls those of one user
 */
@Validated
@ConfigurationProperties("relay.capacity")
record CapacityProperties(
        @Positive @DefaultValue("1000") int streams,
        @Positive @DefaultValue("10") int userStreams,
        @Positive @DefaultValue("500") int calls,
        @Positive @DefaultValue("20") int userCalls) {}
