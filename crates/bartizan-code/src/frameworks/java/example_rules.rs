//! An example of Spring: rules that are put together from several places.

use crate::frameworks::Example;

pub(super) const RULES: Example = Example {
    title: "rules in settings and in other classes, and a registered filter",
    files: &[
        (
            "src/main/resources/application.yml",
            "app:\n  prefix: /api/v2\n  security:\n    public-urls:\n      - /api/v2/auth/**\n      - /error\n",
        ),
        (
            "src/main/java/h/SecurityConfig.java",
            r#"package h;
import static org.springframework.http.HttpMethod.GET;
@Configuration
class SecurityConfig {
    private final AppProperties properties;
    private final List<Rules> rules;
    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
        RequestMatcher open = new OrRequestMatcher(new AntPathRequestMatcher("/ping"), antMatcher(GET, "/api/v2/doctors/*"));
        http.authorizeHttpRequests(it -> {
            rules.forEach(rule -> rule.configure(it));
            it.requestMatchers(properties.getPublicUrls().toArray(String[]::new)).permitAll()
                .requestMatchers(open).permitAll()
                .requestMatchers("/partner/**").permitAll()
                .anyRequest().authenticated();
        });
        return http.build();
    }
    @Bean
    FilterRegistrationBean<PartnerFilter> partner() {
        FilterRegistrationBean<PartnerFilter> bean = new FilterRegistrationBean<>(new PartnerFilter());
        bean.addUrlPatterns("/partner/*");
        return bean;
    }
}
class PartnerFilter implements Filter {
    private static final Set<String> OPEN = Set.of("/partner/terms");
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain) {
        if (isOpen((HttpServletRequest) request)) { chain.doFilter(request, response); return; }
        Optional<String> token = extract(request);
        if (token.isEmpty()) { reject((HttpServletResponse) response); return; }
        chain.doFilter(request, response);
    }
    private boolean isOpen(HttpServletRequest request) { return OPEN.contains(request.getRequestURI()); }
    private void reject(HttpServletResponse response) { response.setStatus(HttpStatus.UNAUTHORIZED.value()); }
}"#,
        ),
        (
            "src/main/java/h/PetRules.java",
            r#"package h;
@Component
class PetRules implements Rules {
    public void configure(AuthorizeHttpRequestsConfigurer<HttpSecurity>.AuthorizationManagerRequestMatcherRegistry registry) {
        registry.requestMatchers(HttpMethod.GET, "/api/v2/pets/**").permitAll();
    }
}
interface Rules { void configure(AuthorizeHttpRequestsConfigurer<HttpSecurity>.AuthorizationManagerRequestMatcherRegistry registry); }"#,
        ),
        (
            "src/main/java/h/Web.java",
            r#"package h;
@RestController @RequestMapping("${app.prefix}/pets") @Tag(name = "an abstract one")
class Pets { @GetMapping("{pet}") void one() {} @PostMapping void create() {} }
@RestController
class Others {
    @PostMapping("/api/v2/auth/login") void login() {}
    @GetMapping("/api/v2/doctors/{id}") void doctor() {}
    @DeleteMapping("/api/v2/doctors/{id}") void remove() {}
    @GetMapping("/ping") void ping() {}
    @GetMapping("/partner/terms") void terms() {}
    @PostMapping("/partner/orders") void order() {}
}"#,
        ),
    ],
    routes: &[
        "GET /api/v2/pets/{pet} none",
        "POST /api/v2/pets required",
        "POST /api/v2/auth/login none",
        "GET /api/v2/doctors/{id} none",
        "DELETE /api/v2/doctors/{id} required",
        "GET /ping none",
        "GET /partner/terms none",
        "POST /partner/orders required",
    ],
};
