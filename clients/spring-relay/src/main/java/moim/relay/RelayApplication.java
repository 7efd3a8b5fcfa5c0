package moim.relay;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

@SpringBootApplication
@ConfigurationPropertiesScan
public class RelayApplication {
    public static void main(String[] arguments) {
        SpringApplication.run(RelayApplication.class, arguments);
    }
}
