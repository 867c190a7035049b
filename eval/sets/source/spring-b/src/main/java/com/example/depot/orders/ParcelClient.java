package com.example.depot.orders;

import java.util.Map;
import org.springframework.cloud.openfeign.FeignClient;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;

@FeignClient(name = "parcels", url = "https://parcels.example.com")
public interface ParcelClient {

    @GetMapping("/parcels/by-order/{orderId}")
    Map<String, Object> find(@PathVariable("orderId") String orderId);

    @PostMapping("/parcels")
    Map<String, Object> create(@RequestBody Map<String, Object> body);
}
