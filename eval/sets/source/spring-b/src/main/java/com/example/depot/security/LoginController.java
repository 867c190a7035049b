package com.example.depot.security;

import static com.example.depot.ApiPaths.API;

import java.util.Map;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

@RestController
public class LoginController {

    private final Tokens tokens;

    public LoginController(Tokens tokens) {
        this.tokens = tokens;
    }

    public record Login(String user, String pin) {
    }

    @PostMapping(API + "/login")
    public Map<String, String> login(@RequestBody Login login) {
        return Map.of("token", tokens.issue(login.user()));
    }

    @GetMapping(API + "/whoami")
    public String whoami(java.security.Principal who) {
        return who.getName();
    }
}
