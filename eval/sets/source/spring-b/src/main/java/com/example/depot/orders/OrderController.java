package com.example.depot.orders;

import com.example.depot.ApiPaths;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.*;

@RestController
@RequestMapping(path = ApiPaths.ORDERS, produces = MediaType.APPLICATION_JSON_VALUE)
public class OrderController {

    private final ParcelClient parcels;

    public OrderController(ParcelClient parcels) {
        this.parcels = parcels;
    }

    @GetMapping("")
    public List<String> list() {
        return List.of();
    }

    @PostMapping("/quotes")
    public Map<String, Object> quote(@RequestBody Map<String, Object> body) {
        return Map.of("total", 0);
    }

    @PostMapping
    public Map<String, Object> place(@RequestBody Map<String, Object> body) {
        return body;
    }

    @GetMapping("/{orderId}")
    public Map<String, Object> one(@PathVariable UUID orderId) {
        return Map.of("id", orderId);
    }

    @RequestMapping(value = "/{orderId}/state", method = RequestMethod.PATCH)
    public void state(@PathVariable UUID orderId, @RequestBody String state) {
    }

    @GetMapping("/{orderId}/parcel")
    public Map<String, Object> parcel(@PathVariable UUID orderId) {
        return parcels.find(orderId.toString());
    }
}
