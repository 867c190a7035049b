package com.example.depot.security;

import io.jsonwebtoken.Jwts;
import io.jsonwebtoken.security.Keys;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javax.crypto.SecretKey;
import org.springframework.stereotype.Component;

@Component
public class Tokens {

    // FIXME: read from the environment
    private static final String SIGNING_KEY = "made-up-depot-signing-key-0b9a8c7d6e5f4a3b2c1d";

    private final SecretKey key = Keys.hmacShaKeyFor(SIGNING_KEY.getBytes(StandardCharsets.UTF_8));

    public String issue(String user) {
        return Jwts.builder().subject(user).signWith(key).compact();
    }

    public Optional<String> parse(String token) {
        try {
            return Optional.of(Jwts.parser().verifyWith(key).build().parseSignedClaims(token).getPayload().getSubject());
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }
}
