package com.example.depot.ops;

import java.util.Map;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class RootController {
    @GetMapping("/")
    String root() {
        return "depot";
    }

    @GetMapping({"/health/live", "/health/ready"})
    String health() {
        return "UP";
    }
}

@RestController
@RequestMapping("/ops")
class OpsController {
    @GetMapping("/queues")
    Map<String, Integer> queues() {
        return Map.of();
    }

    @PostMapping("/queues/{name}/drain")
    void drain(@PathVariable String name) {
    }
}

@RestController
@RequestMapping("/scan")
class ScanController {
    @GetMapping("/hello")
    String hello() {
        return "hello scanner";
    }

    @PostMapping("/{sku}")
    void scanned(@PathVariable String sku) {
    }
}
