SELECT *,
  jumlah_dikabulkan + jumlah_ditolak > jumlah_permohonan AS "JUMLAH_TIDAK_SEIMBANG:jumlah_dikabulkan"
FROM baris
