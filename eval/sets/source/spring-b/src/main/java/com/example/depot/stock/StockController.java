package com.example.depot.stock;

import com.example.depot.ApiPaths;
import java.util.List;
import java.util.Map;
import org.springframework.web.bind.annotation.*;

@RestController
@RequestMapping(ApiPaths.STOCK)
public class StockController {

    @GetMapping
    public List<Map<String, Object>> list() {
        return List.of();
    }

    @GetMapping("/{sku}")
    public Map<String, Object> item(@PathVariable String sku) {
        return Map.of("sku", sku);
    }

    @GetMapping("/{sku}/movements")
    public List<String> movements(@PathVariable String sku) {
        return List.of();
    }

    @PostMapping
    public Map<String, Object> add(@RequestBody Map<String, Object> body) {
        return body;
    }

    @PutMapping("/{sku}/shelf/{shelf}")
    public void move(@PathVariable("sku") String sku, @PathVariable("shelf") String shelf) {
    }

    @DeleteMapping("/{sku}")
    public void remove(@PathVariable String sku) {
    }
}
