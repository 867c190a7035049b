package com.example.school.course;

import java.net.URI;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.web.bind.annotation.*;

@RestController
@RequestMapping(CourseController.BASE)
public class CourseController {

    static final String BASE = "/api/courses";

    private final CourseService courses;

    public CourseController(CourseService courses) {
        this.courses = courses;
    }

    @GetMapping
    public List<Course> all(@RequestParam(required = false) String topic) {
        return courses.all();
    }

    @GetMapping("/{courseId:\\d+}")
    public Course one(@PathVariable long courseId) {
        return courses.get(courseId);
    }

    @PostMapping
    @PreAuthorize("hasRole('TEACHER')")
    public ResponseEntity<Course> create(@RequestBody Course course) {
        return ResponseEntity.created(URI.create(BASE + "/" + course.id())).body(course);
    }

    @PutMapping(value = "/{courseId}", consumes = "application/json")
    @PreAuthorize("hasRole('TEACHER') and @courseAccess.owns(#courseId, authentication)")
    public Course replace(@PathVariable long courseId, @RequestBody Course course) {
        return course;
    }

    @DeleteMapping(path = "/{courseId}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @PreAuthorize("hasAuthority('courses:delete')")
    public void delete(@PathVariable long courseId) {
        courses.delete(courseId);
    }

    @RequestMapping(value = "/{courseId}/materials", method = {RequestMethod.GET, RequestMethod.HEAD})
    @PreAuthorize("isAuthenticated()")
    public List<String> materials(@PathVariable long courseId) {
        return List.of();
    }

    @PreAuthorize("permitAll()")
    @GetMapping("/{courseId}/reviews")
    public List<String> reviews(@PathVariable long courseId) {
        return List.of();
    }

    // @PostMapping("/{courseId}/reviews")
    // public void review(@PathVariable long courseId, @RequestBody String text) { }
}
