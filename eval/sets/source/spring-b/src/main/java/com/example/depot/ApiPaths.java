package com.example.depot;

public final class ApiPaths {
    public static final String API = "/api/v1";
    public static final String STOCK = API + "/stock";
    public static final String ORDERS = API + "/orders";

    private ApiPaths() {
    }
}
