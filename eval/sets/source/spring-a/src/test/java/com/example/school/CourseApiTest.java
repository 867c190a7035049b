package com.example.school;

import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.autoconfigure.web.servlet.AutoConfigureMockMvc;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.web.servlet.MockMvc;

@SpringBootTest
@AutoConfigureMockMvc
class CourseApiTest {
    @Autowired
    MockMvc mvc;

    @Test
    void listIsOpen() throws Exception {
        mvc.perform(get("/api/courses")).andExpect(status().isOk());
        mvc.perform(post("/api/courses/archive")).andExpect(status().is4xxClientError());
    }
}
