package moim.relay.stream;

import moim.relay.upstream.Answer;

/** The server has answered what was to be a stream with something whole: a refusal, or nothing (204). */
final class AnsweredWhole extends RuntimeException {
    private final transient Answer.Whole answer;

    AnsweredWhole(Answer.Whole answer) {
        super(null, null, false, false); // it is thrown past Spring's return type, and is no fault
        this.answer = answer;
    }

    Answer.Whole answer() {
        return answer;
    }
}
