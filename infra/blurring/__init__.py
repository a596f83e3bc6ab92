"""What a reviewer has blurred in media, beside what their offices ask for (`daerah_kabur`)."""
