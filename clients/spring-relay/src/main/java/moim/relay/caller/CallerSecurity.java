package moim.relay.caller;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.Objects;
import moim.relay.refusal.Reason;
import moim.relay.refusal.Refusals;
import org.springframework.boot.autoconfigure.security.oauth2.resource.servlet.JwkSetUriJwtDecoderBuilderCustomizer;
import org.springframework.boot.web.client.RestTemplateBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.ObjectPostProcessor;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.server.resource.web.authentication.BearerTokenAuthenticationFilter;
import org.springframework.security.web.SecurityFilterChain;

/** Lets in whoever shows a token that the issuer has signed for us, and nobody else, wherever they ask. */
@Configuration(proxyBeanMethods = false)
class CallerSecurity {
    private final Refusals refusals;

    CallerSecurity(Refusals refusals) {
        this.refusals = refusals;
    }

    @Bean
    SecurityFilterChain tokensOnly(HttpSecurity http) throws Exception {
        return http.csrf(AbstractHttpConfigurer::disable) // nothing lets in that a browser sends by itself
                // Each answer says itself how it may be kept.
                .headers(headers -> headers.cacheControl(HeadersConfigurer.CacheControlConfig::disable))
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .authorizeHttpRequests(requests -> requests
                        // The rest of a request that was let in, and what is said to one that was not.
                        .dispatcherTypeMatchers(DispatcherType.ASYNC, DispatcherType.ERROR)
                        .permitAll()
                        .anyRequest()
                        .authenticated())
                .oauth2ResourceServer(tokens -> tokens.jwt(Customizer.withDefaults())
                        .authenticationEntryPoint(this::notLetIn)
                        .accessDeniedHandler((request, response, denied) -> refusals.write(response, Reason.FORBIDDEN))
                        .withObjectPostProcessor(tellingFaultsOfTheIssuer()))
                .build();
    }

    /** The issuer's keys are waited for with a limit: the request that needs them holds a thread. */
    @Bean
    JwkSetUriJwtDecoderBuilderCustomizer keysInTime(CallerProperties properties, RestTemplateBuilder clients) {
        return decoder -> decoder.restOperations(
                clients.connectTimeout(properties.keysWithin()).readTimeout(properties.keysWithin()).build());
    }

    /** A token that never runs out could never be taken back. */
    @Bean
    OAuth2TokenValidator<Jwt> withAnEnd() {
        return new JwtClaimValidator<Instant>(JwtClaimNames.EXP, Objects::nonNull);
    }

    private void notLetIn(HttpServletRequest request, HttpServletResponse response, AuthenticationException fault)
            throws IOException {
        boolean unchecked = fault instanceof AuthenticationServiceException;
        refusals.write(response, unchecked ? Reason.ISSUER_UNAVAILABLE : Reason.UNAUTHENTICATED);
    }

    /** By default a token that could not be checked, because the keys cannot be had, is a 500. */
    private ObjectPostProcessor<BearerTokenAuthenticationFilter> tellingFaultsOfTheIssuer() {
        return new ObjectPostProcessor<>() {
            @Override
            public <F extends BearerTokenAuthenticationFilter> F postProcess(F filter) {
                filter.setAuthenticationFailureHandler(CallerSecurity.this::notLetIn);
                return filter;
            }
        };
    }
}
