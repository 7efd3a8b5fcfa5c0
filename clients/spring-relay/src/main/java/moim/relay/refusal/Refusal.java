package moim.relay.refusal;

/** The relay itself says no. */
public class Refusal extends RuntimeException {
    private final transient Reason reason;

    public Refusal(Reason reason) {
        super(reason.name());
        this.reason = reason;
    }

    public Refusal(Reason reason, Throwable cause) {
        super(reason.name(), cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
