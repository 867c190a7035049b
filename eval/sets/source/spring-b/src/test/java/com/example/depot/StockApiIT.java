package com.example.depot;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.client.TestRestTemplate;

@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class StockApiIT {
    @Autowired
    TestRestTemplate rest;

    @Test
    void stockIsOpen() {
        assertThat(rest.getForEntity("/api/v1/stock", String.class).getStatusCode().value()).isEqualTo(200);
        assertThat(rest.getForEntity("/api/v1/stock/1/2/3", String.class).getStatusCode().value()).isEqualTo(403);
    }
}
