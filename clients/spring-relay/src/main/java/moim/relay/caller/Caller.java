package moim.relay.caller;

import java.time.Instant;

/**
 * Who asks.
 *
 * @param name what the server shall know the user by
 * @param until when its token no longer lets it in
 */
public record Caller(String name, Instant until) {}
