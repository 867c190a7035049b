package com.example.school;

import java.util.Map;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
public class HomeController {

    @GetMapping({"/", "/index"})
    public Map<String, String> home() {
        return Map.of("name", "evening school");
    }

    @RequestMapping("/echo")
    public String echo() {
        return "echo";
    }
}
