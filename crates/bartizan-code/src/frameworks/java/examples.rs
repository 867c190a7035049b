//! Examples of Spring.

use super::example_rules;
use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "constants in paths, and rules in order",
        files: &[
            (
                "src/main/java/shop/ApiPaths.java",
                r#"package shop;
public final class ApiPaths {
    public static final String V1 = "/api" + "/v1";
    public interface Orders { String BASE = V1 + "/orders"; String ITEM = "/{id:\\d+}"; }
}"#,
            ),
            (
                "src/main/java/shop/OrderController.java",
                r#"package shop;
import static shop.ApiPaths.Orders.*;
@RestController
@RequestMapping(BASE)
public class OrderController {
    @GetMapping
    public List<Order> list() { return service.all(); }
    @GetMapping(ITEM)
    public Order one(@PathVariable long id) { return service.one(id); }
    @RequestMapping(value = {"/search", "/find"}, method = {RequestMethod.GET, RequestMethod.POST})
    public List<Order> search() { return client.get("/nothing"); }
    @RequestMapping("/raw/**")
    public void raw() {}
    private void helper() {}
}"#,
            ),
            (
                "src/main/java/shop/Security.java",
                r#"package shop;
@Configuration
public class Security {
    private static final String[] OPEN = { ApiPaths.V1 + "/orders/search", "/health" };
    @Bean
    SecurityFilterChain chain(HttpSecurity http) throws Exception {
        http.csrf(csrf -> csrf.disable())
            .authorizeHttpRequests(auth -> auth
                .requestMatchers(OPEN).permitAll()
                .requestMatchers(HttpMethod.GET, "/api/v1/orders/*").permitAll()
                .requestMatchers("/api/v1/orders/raw/**").hasRole("ADMIN")
                .anyRequest().authenticated())
            .formLogin(form -> form.loginPage("/login").permitAll());
        return http.build();
    }
}"#,
            ),
            (
                "src/main/java/shop/PageController.java",
                r#"package shop;
@Controller
public class PageController {
    @GetMapping("/login") String login() { return "login"; }
    @GetMapping("/") String home() { return "home"; }
    @GetMapping("/health") String health() { return "ok"; }
}"#,
            ),
        ],
        routes: &[
            "GET /api/v1/orders required",
            "GET /api/v1/orders/{id} none",
            "GET /api/v1/orders/search none",
            "POST /api/v1/orders/search none",
            "GET /api/v1/orders/find none",
            "POST /api/v1/orders/find required",
            "ANY /api/v1/orders/raw/{rest} required",
            "GET /login none",
            "GET / required",
            "GET /health none",
        ],
    },
    Example {
        title: "a base controller, an interface with the mappings, and annotations of your own",
        files: &[
            (
                "src/main/java/a/CrudController.java",
                r#"package a;
public abstract class CrudController<T, I> {
    @GetMapping public List<T> all() { return null; }
    @GetMapping("/{id}") public T get(@PathVariable I id) { return null; }
    @PreAuthorize("hasRole('ADMIN')")
    @DeleteMapping("/{id}") public void remove(@PathVariable I id) {}
}"#,
            ),
            (
                "src/main/java/a/BookController.java",
                r#"package a;
@ApiController("/books")
public class BookController extends CrudController<Book, Long> {
    @Override @PreAuthorize("isAuthenticated()")
    public Book get(Long id) { return null; }
}"#,
            ),
            (
                "src/main/java/a/ApiController.java",
                r#"package a;
@Target(ElementType.TYPE) @RestController @RequestMapping
public @interface ApiController {
    @AliasFor(annotation = RequestMapping.class, attribute = "path") String[] value() default {};
}"#,
            ),
            (
                "src/main/java/a/UserApi.java",
                r#"package a;
@RequestMapping(path = "/users", produces = "application/json")
public interface UserApi {
    @GetMapping("/me") User me();
    @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE) User create(@RequestBody User user);
    @AdminOnly @PutMapping("/{name}/role") void role(@PathVariable("name") String n);
}"#,
            ),
            (
                "src/main/java/a/AdminOnly.java",
                r#"package a;
@Retention(RetentionPolicy.RUNTIME)
@PreAuthorize("hasAuthority('" + Roles.ADMIN + "')")
public @interface AdminOnly {}"#,
            ),
            (
                "src/main/java/a/UserController.java",
                r#"package a;
@RestController
@PreAuthorize("isAuthenticated()")
class UserController implements UserApi {
    public User me() { return null; }
    @PreAuthorize("permitAll()")
    public User create(User user) { return user; }
    public void role(String n) {}
}"#,
            ),
        ],
        routes: &[
            "GET /books none",
            "GET /books/{id} required",
            "DELETE /books/{id} required",
            "GET /users/me required",
            "POST /users none",
            "PUT /users/{name}/role required",
        ],
    },
    Example {
        title: "an old adapter, ignored paths, and a context path",
        files: &[
            (
                "src/main/resources/application.yml",
                "server:\n  servlet:\n    context-path: /shop\n",
            ),
            (
                "src/main/java/b/Config.java",
                r#"package b;
@EnableWebSecurity
public class Config extends WebSecurityConfigurerAdapter {
    @Override protected void configure(AuthenticationManagerBuilder auth) {}
    @Override public void configure(WebSecurity web) {
        web.ignoring().antMatchers("/static/**").antMatchers(HttpMethod.GET, "/docs/**");
    }
    @Override protected void configure(HttpSecurity http) throws Exception {
        http.authorizeRequests()
            .antMatchers("/auth/**").permitAll()
            .mvcMatchers(HttpMethod.POST, "/carts").anonymous()
            .antMatchers("/reports").access("hasRole('A') or hasRole('B')")
            .antMatchers("/**").hasAnyRole("USER", "ADMIN")
            .and().httpBasic();
    }
}"#,
            ),
            (
                "src/main/java/b/Carts.java",
                r#"package b;
@RestController @RequestMapping({"/carts"})
class Carts {
    @PostMapping void open() {}
    @GetMapping("/{cart}") Cart get() { return null; }
}
@RestController
class Other {
    @PostMapping("/auth/login") void login() {}
    @GetMapping("/docs/{page}") void docs() {}
    @PatchMapping(path = "reports") void reports() {}
}"#,
            ),
        ],
        routes: &[
            "POST /shop/carts none",
            "GET /shop/carts/{cart} required",
            "POST /shop/auth/login none",
            "GET /shop/docs/{page} none",
            "PATCH /shop/reports required",
        ],
    },
    Example {
        title: "several chains with an order",
        files: &[(
            "src/main/java/c/App.java",
            r#"package c;
@Configuration
class Chains {
    @Bean @Order(2)
    SecurityFilterChain web(HttpSecurity http) throws Exception {
        return http.authorizeHttpRequests(it -> it.anyRequest().permitAll()).build();
    }
    @Bean @Order(1)
    SecurityFilterChain api(HttpSecurity http) throws Exception {
        http.securityMatcher("/api/**");
        http.authorizeHttpRequests(this::rules);
        http.addFilterBefore(jwtFilter, UsernamePasswordAuthenticationFilter.class);
        return http.build();
    }
    @Bean @Profile("dev") @Order(0)
    SecurityFilterChain open(HttpSecurity http) throws Exception {
        return http.authorizeHttpRequests(it -> it.anyRequest().permitAll()).build();
    }
    private void rules(AuthorizeHttpRequestsConfigurer<HttpSecurity>.AuthorizationManagerRequestMatcherRegistry auth) {
        for (String path : List.of("/api/login", "/api/register")) {
            auth.requestMatchers(HttpMethod.POST, path).permitAll();
        }
        auth.requestMatchers(new AntPathRequestMatcher("/api/status", "GET")).permitAll();
        auth.requestMatchers("/api/{shop}/public/**").permitAll();
        auth.anyRequest().authenticated();
    }
}
@RestController class Api {
    @PostMapping("/api/login") void login() {}
    @GetMapping("/api/login") void form() {}
    @GetMapping("/api/status") void status() {}
    @GetMapping("/api/{store}/public/offers") void offers() {}
    @DeleteMapping("/api/{store}") void close() {}
    @GetMapping("/about") void about() {}
    @Secured("ROLE_EDITOR") @PutMapping("/about") void edit() {}
}"#,
        )],
        routes: &[
            "POST /api/login none",
            "GET /api/login required",
            "GET /api/status none",
            "GET /api/{store}/public/offers none",
            "DELETE /api/{store} required",
            "GET /about none",
            "PUT /about required",
        ],
    },
    Example {
        title: "router functions of WebFlux",
        files: &[
            (
                "src/main/java/d/Routes.java",
                r#"package d;
@Configuration
class Routes {
    @Bean
    RouterFunction<ServerResponse> all(ItemHandler items, TagHandler tags) {
        return RouterFunctions.route()
            .path("/items", b -> b
                .GET("", accept(APPLICATION_JSON), items::list)
                .GET("/{id}", items::one)
                .nest(accept(APPLICATION_JSON), n -> n.POST("", items::create)))
            .add(tagRoutes(tags))
            .build();
    }
    private RouterFunction<ServerResponse> tagRoutes(TagHandler tags) {
        return nest(path("/tags"), route(GET("/"), tags::list)
            .andRoute(PUT("/{tag}").and(contentType(APPLICATION_JSON)), tags::put))
            .filter((request, next) -> request.headers().firstHeader("X-Key") == null
                ? ServerResponse.status(401).build() : next.handle(request));
    }
    @Bean
    RouterFunction<ServerResponse> health() {
        return route(method(HttpMethod.GET).and(path("/up")), request -> ok().build());
    }
}"#,
            ),
            (
                "src/main/java/d/Security.java",
                r#"package d;
@EnableWebFluxSecurity
class Security {
    @Bean
    SecurityWebFilterChain chain(ServerHttpSecurity http) {
        return http.authorizeExchange(exchanges -> exchanges
            .pathMatchers(HttpMethod.GET, "/items/**", "/tags/**").permitAll()
            .pathMatchers("/up").permitAll()
            .anyExchange().authenticated()).build();
    }
}"#,
            ),
            (
                "src/main/java/d/ItemHandler.java",
                r#"package d;
@Component
class ItemHandler {
    Mono<ServerResponse> list(ServerRequest request) { return WebClient.create().get().uri("/x"); }
    @PreAuthorize("hasRole('BUYER')") Mono<ServerResponse> one(ServerRequest request) { return null; }
    Mono<ServerResponse> create(ServerRequest request) { return null; }
}"#,
            ),
        ],
        routes: &[
            "GET /items none",
            "GET /items/{id} required",
            "POST /items required",
            "GET /tags/ required",
            "PUT /tags/{tag} required",
            "GET /up none",
        ],
    },
    Example {
        title: "an interceptor, a filter and an aspect that refuse",
        files: &[
            (
                "src/main/java/e/WebConfig.java",
                r#"package e;
@Configuration
class WebConfig implements WebMvcConfigurer {
    private final TokenInterceptor gate;
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(new LogInterceptor());
        registry.addInterceptor(gate).addPathPatterns("/v1/**").excludePathPatterns("/v1/login");
    }
    public void configurePathMatch(PathMatchConfigurer configurer) {
        configurer.addPathPrefix("/v1", HandlerTypePredicate.forAnnotation(RestController.class));
    }
}
class LogInterceptor implements HandlerInterceptor {
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object h) { return true; }
}
class TokenInterceptor implements HandlerInterceptor {
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object h) {
        if (h instanceof HandlerMethod method && method.hasMethodAnnotation(Open.class)) {
            return true;
        }
        if (request.getHeader("X-Token") == null) {
            response.setStatus(401);
            return false;
        }
        return true;
    }
}"#,
            ),
            (
                "src/main/java/e/Filters.java",
                r#"package e;
@Component
class InternalFilter extends OncePerRequestFilter {
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain) {
        if (!request.getRequestURI().startsWith("/internal")) {
            chain.doFilter(request, response);
            return;
        }
        String key = request.getHeader("X-Key");
        if (key == null || !key.equals(expected)) {
            response.sendError(HttpServletResponse.SC_UNAUTHORIZED);
            return;
        }
        chain.doFilter(request, response);
    }
}
@Component
class BearerFilter extends OncePerRequestFilter {
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain) {
        String header = request.getHeader("Authorization");
        if (header == null || !header.startsWith("Bearer ")) {
            chain.doFilter(request, response);
            return;
        }
        try { check(header); } catch (BadToken e) { response.setStatus(401); return; }
        chain.doFilter(request, response);
    }
}
@Aspect @Component
class RoleAspect {
    @Before("@annotation(needs) || @within(e.NeedsRole)")
    void check(NeedsRole needs) {
        if (!current.has(needs.value())) throw new ResponseStatusException(HttpStatus.FORBIDDEN);
    }
}"#,
            ),
            (
                "src/main/java/e/Api.java",
                r#"package e;
@RestController
class Api {
    @PostMapping("/login") void login() {}
    @GetMapping("/things") void things() {}
    @Open @GetMapping("/offers") void offers() {}
}
@Controller @RequestMapping("/internal")
class Internal { @GetMapping("/stats") void stats() {} }
@Controller
class Pages {
    @GetMapping("/page") void page() {}
    @NeedsRole("x") @GetMapping("/page/edit") void edit() {}
}"#,
            ),
        ],
        routes: &[
            "POST /v1/login none",
            "GET /v1/things required",
            "GET /v1/offers none",
            "GET /internal/stats required",
            "GET /page none",
            "GET /page/edit required",
        ],
    },
    example_rules::RULES,
    Example {
        title: "Spring Security in the build alone demands everywhere",
        files: &[
            (
                "pom.xml",
                "<project><dependency><artifactId>spring-boot-starter-security</artifactId></dependency></project>",
            ),
            (
                "src/main/java/f/A.java",
                "@RestController class A { @GetMapping(\"/a\") void a() {} }",
            ),
        ],
        routes: &["GET /a required"],
    },
    Example {
        title: "clients, listeners and beans are no routes",
        files: &[(
            "src/main/java/g/Clients.java",
            r#"package g;
@FeignClient(name = "users", path = "/users")
interface Users { @GetMapping("/{id}") User get(@PathVariable long id); }
@HttpExchange("/rates") interface Rates { @GetExchange("/today") Rate today(); }
@Component
class Caller {
    Object call() {
        map.get("/x");
        rest.getForObject("/y", String.class);
        return web.get().uri("/z").retrieve();
    }
    // @GetMapping("/old")
    @KafkaListener(topics = "/t") void on() {}
}"#,
        )],
        routes: &[],
    },
];
