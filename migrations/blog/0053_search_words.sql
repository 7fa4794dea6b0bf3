-- The words of a version by where they stand: a word of the title weighs more than one of the excerpt, that more than one
-- of the text. One definition for the statements that write documents.
create function blog_search_words(language text, title text, excerpt text, body text) returns tsvector
    language sql immutable parallel safe
    return setweight(to_tsvector(blog_search_config(language), title), 'A')
        || setweight(to_tsvector(blog_search_config(language), excerpt), 'B')
        || setweight(to_tsvector(blog_search_config(language), body), 'C');
