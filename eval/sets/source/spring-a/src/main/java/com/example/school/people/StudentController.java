package com.example.school.people;

import jakarta.annotation.security.PermitAll;
import jakarta.annotation.security.RolesAllowed;
import java.util.List;
import java.util.Map;
import org.springframework.security.access.annotation.Secured;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.*;

@RestController
@RequestMapping("/api/students")
@PreAuthorize("isAuthenticated()")
public class StudentController {

    @GetMapping("/me")
    public Map<String, Object> me(@AuthenticationPrincipal Jwt jwt) {
        return Map.of("sub", jwt.getSubject());
    }

    @PatchMapping("/me")
    public Map<String, Object> update(@RequestBody Map<String, Object> body) {
        return body;
    }

    @GetMapping
    @PreAuthorize("hasRole('OFFICE')")
    public List<String> all() {
        return List.of();
    }

    @PostMapping("/me/enrolments/{courseId}")
    public void enrol(@PathVariable long courseId) {
    }

    @DeleteMapping("/me/enrolments/{courseId}")
    public void leave(@PathVariable long courseId) {
    }
}

@RestController
@RequestMapping(path = "/api/office")
class OfficeController {

    @Secured("ROLE_OFFICE")
    @GetMapping("/fees")
    List<String> fees() {
        return List.of();
    }

    @RolesAllowed({"OFFICE", "HEAD"})
    @PostMapping("/fees/{year}/close")
    void close(@PathVariable int year) {
    }

    @PermitAll
    @GetMapping("/hours")
    String hours() {
        return "Mon-Fri 16-20";
    }

    @PostMapping("/contact")
    void contact(@RequestBody String text) {
    }
}
