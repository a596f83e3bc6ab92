SELECT *,
  genre = 'KLARIFIKASI' AND topik <> 'KLARIFIKASI' AS "NARASI_TANPA_KLARIFIKASI:genre",
  genre = 'KLARIFIKASI' AND klaim IS NULL AS "KLARIFIKASI_BELUM_LENGKAP:klaim",
  genre = 'KLARIFIKASI' AND klaim_beredar_di IS NULL AS "KLARIFIKASI_BELUM_LENGKAP:klaim_beredar_di",
  genre = 'KLARIFIKASI' AND penilaian_klaim IS NULL AS "KLARIFIKASI_BELUM_LENGKAP:penilaian_klaim",
  genre = 'KLARIFIKASI' AND bukti_klaim IS NULL AS "KLARIFIKASI_BELUM_LENGKAP:bukti_klaim"
FROM baris
