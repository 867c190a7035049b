package com.example.school.course;

public record Course(long id, String title, String topic) {
}
