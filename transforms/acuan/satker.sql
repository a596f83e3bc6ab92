SELECT kode, nama, tipe, induk, zona_waktu,
    CAST(berlaku_dari AS DATE) AS berlaku_dari,
    CAST(berlaku_sampai AS DATE) AS berlaku_sampai,
    keyakinan, catatan
FROM daftar_satker
ORDER BY kode
