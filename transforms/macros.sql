-- Words of Indonesian and their forms, for `cari` (transforms/views/cari.sql). The rules are ours: they strip the common
-- affixes by spelling alone, without a dictionary, and leave at least three or four letters of a word.
--
-- Each macro names what it is given once: a pattern is computed when a statement is planned, for all rows together,
-- and a macro that named it often would multiply what there is to plan.

-- Without -lah, -kah, -pun and -nya.
CREATE MACRO tanpa_partikel(kata) AS
    regexp_replace(regexp_replace(kata, '^(.{5,})(?:lah|kah|pun)$', '\1'), '^(.{4,})nya$', '\1');

-- And without -kan, -an or -i; whether a k before -an is the root's own stays open.
CREATE MACRO tanpa_akhiran(kata) AS
    regexp_replace(regexp_replace(kata, '^(.{4,})kan$', '\1k?'), '^(.{4,})(?:an|i)$', '\1');

-- Without its prefixes, as a pattern. meN- and peN- take the first letter of a root that begins with k, p, s or t
-- (pengirim, memukul, menyapu, penulis), so it may be there or not. A word that has lost one begins with = meanwhile.
CREATE MACRO inti(kata) AS
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        regexp_replace(regexp_replace(kata,
            '^(?:me|pe)ng([aiueo].{2})', '=k?\1'),
            '^(?:me|pe)ny([aiueo].{2})', '=(?:s|ny)\1'),
            '^(?:me|pe)n([aiueo].{2})', '=[tn]?\1'),
            '^(?:me|pe)m([aiueo].{2})', '=[pm]?\1'),
            '^(?:me|pe)(?:ng([ghk].{3})|n([cdjstz].{3})|m([bfpv].{3}))', '=\1\2\3'),
            '^(?:me([lrwy].{3})|pe(l.{3})|(?:di|ke|se)(.{4}))', '=\1\2\3'),
            '^(?:ter|ber|per)(.{4})', '=\1'),
            '^=(?:ter|ber|per)(.{4})', '\1'),
            '^=', '');

-- A further way a word may stand there: the first letter of its root taken by meN- or peN-.
CREATE MACRO bersengau(kata) AS
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(kata,
        '^[^kpst].*$', ''), '^k', '|(?:me|pe)ng'), '^p', '|(?:me|pe)m'), '^s', '|(?:me|pe)ny'), '^t', '|(?:me|pe)n');

-- A pattern for all forms of a word in lower case. What looks like an ending may be the word's own: both are tried.
CREATE MACRO pola_kata(kata) AS
    '(?i)\b(?:(?:di|ke|se|ter|be[rl]?|pe[rl]?|me[mn]?|menge?|meng|pe[mn]|penge?){0,2}(?:'
    || inti(tanpa_partikel(kata)) || '|' || inti(tanpa_akhiran(tanpa_partikel(kata))) || ')'
    || bersengau(tanpa_partikel(kata)) || bersengau(inti(tanpa_akhiran(tanpa_partikel(kata))))
    || ')(?:k?an|i|nya|lah|kah|pun){0,3}\b';

-- What is searched for: the words of a question in lower case, without those that stand in every text.
CREATE MACRO kata_dicari(tanya) AS regexp_extract_all(regexp_replace(lower(strip_accents(tanya)),
    '\b(?:yang|dan|di|ke|dari|untuk|pada|dengan|ini|itu|dalam|oleh|akan|telah|atau|para|juga|sudah|adalah|serta)\b',
    ' ', 'g'), '[a-z0-9]{2,}');

-- The pattern of one of those words; NULL when there are fewer.
CREATE MACRO pola_ke(tanya, ke) AS pola_kata(kata_dicari(tanya)[ke]);

-- A pattern for any of them; NULL when there is none.
CREATE MACRO pola_semua(tanya) AS
    pola_ke(tanya, 1) || coalesce('|' || pola_ke(tanya, 2), '') || coalesce('|' || pola_ke(tanya, 3), '')
    || coalesce('|' || pola_ke(tanya, 4), '');

-- How often a pattern stands in an item; its title counts three times (ours).
CREATE MACRO banyak_cocok(judul, isi, pola) AS
    coalesce(len(regexp_extract_all(isi || repeat(chr(10) || judul, 3), pola)), 0);

-- One word's part of BM25 (k1 = 1.2, b = 0.75): how often it stands there, in how many of all items, in how long a text.
CREATE MACRO bm25(banyak, dengan, semua, panjang, rata) AS
    ln(1 + (semua - dengan + 0.5) / (dengan + 0.5)) * banyak * 2.2
    / (banyak + 1.2 * (0.25 + 0.75 * panjang / greatest(rata, 1)));
