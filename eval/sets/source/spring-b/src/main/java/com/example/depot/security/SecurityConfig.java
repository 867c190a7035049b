package com.example.depot.security;

import com.example.depot.ApiPaths;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpMethod;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.UsernamePasswordAuthenticationFilter;

@Configuration
@EnableWebSecurity
public class SecurityConfig {

    private static final String[] OPEN = {
            "/",
            "/health/**",
            "/api/v1/login"
    };

    private final TokenFilter tokenFilter;

    public SecurityConfig(TokenFilter tokenFilter) {
        this.tokenFilter = tokenFilter;
    }

    /** Scanners in the hall use basic auth on their own chain. */
    @Bean
    @Order(1)
    public SecurityFilterChain scanners(HttpSecurity http) throws Exception {
        http.securityMatcher("/scan/**")
                .authorizeHttpRequests(a -> a
                        .requestMatchers("/scan/hello").permitAll()
                        .anyRequest().hasRole("SCANNER"))
                .httpBasic(b -> { })
                .csrf(AbstractHttpConfigurer::disable);
        return http.build();
    }

    @Bean
    @Order(2)
    public SecurityFilterChain api(HttpSecurity http) throws Exception {
        http.csrf(AbstractHttpConfigurer::disable)
                .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .authorizeHttpRequests(auth -> auth
                        .requestMatchers(OPEN).permitAll()
                        .requestMatchers(HttpMethod.GET, "/api/v1/stock", "/api/v1/stock/*").permitAll()
                        .requestMatchers(HttpMethod.POST, "/api/v1/orders/quotes").permitAll()
                        .requestMatchers(ApiPaths.STOCK + "/**").hasAnyRole("KEEPER", "LEAD")
                        .requestMatchers("/ops/**").hasRole("LEAD")
                        .anyRequest().authenticated())
                .addFilterBefore(tokenFilter, UsernamePasswordAuthenticationFilter.class);
        return http.build();
    }
}
