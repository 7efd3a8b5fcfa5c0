package moim.relay.refusal;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.web.servlet.error.ErrorController;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * What is said where no controller was reached, in place of Boot's own page.
 *
 * <p>Tomcat asks for it also when a response breaks off that has begun, and would send it behind what has been sent:
 * there nothing is said.
 */
@RestController
class ErrorPage implements ErrorController {
    private final Refusals refusals;

    ErrorPage(Refusals refusals) {
        this.refusals = refusals;
    }

    @RequestMapping("${server.error.path:/error}")
    void error(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (response.isCommitted()) {
            return;
        }
        Object status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
        boolean asked = status instanceof Integer number && number >= 400 && number < 500;
        refusals.write(response, asked ? Reason.INVALID_REQUEST : Reason.INTERNAL);
    }
}
