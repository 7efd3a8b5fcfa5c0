package moim.relay.refusal;

/** The body of every refusal, in the server's own shape. */
record Envelope(String code, String message, boolean retryable) {}
