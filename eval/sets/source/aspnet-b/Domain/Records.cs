namespace Choir.Domain;

public record Concert(int Id, string Title, DateOnly Day);
public record Singer(Guid Id, string Name, string Voice);
public record Score(string Slug, string Composer);
