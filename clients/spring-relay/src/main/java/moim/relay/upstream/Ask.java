package moim.relay.upstream;

import java.util.List;
import java.util.Map;
import moim.relay.caller.Caller;

/**
 * What is asked of the server, for whom: only what is allowed to pass.
 *
 * @param path below the server's address
 * @param query with its question mark; empty for none
 * @param headers those of the user's own that are passed on
 * @param body empty for none
 */
public record Ask(
        Caller caller, String method, String path, String query, Map<String, List<String>> headers, byte[] body) {}
